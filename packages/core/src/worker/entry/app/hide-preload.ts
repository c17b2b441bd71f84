import { entryFile } from '../../../entry-file.js'

/** Takes the flag that loaded us from what the app's own processes take over. */
export function hidePreload(): void {
  const preload = entryFile('worker/entry/app/app-preload')
  const at = process.execArgv.indexOf(preload)
  if (at > 0) process.execArgv.splice(at - 1, 2)
}
