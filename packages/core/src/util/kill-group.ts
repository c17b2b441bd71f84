/** Kills a process group, which its leader gave its number; does nothing where nobody is left in it. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // EPERM: only processes are left in it that have become another user's (sudo), or, on macOS, zombies.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
