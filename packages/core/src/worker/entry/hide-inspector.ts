/** What the user's own threads and child processes take over is not to open the debugger's port a second time. */
export function hideInspector(): void {
  process.execArgv = process.execArgv.filter((argument) => !argument.startsWith('--inspect'))
}
