import type { Logger } from '@ekiben/core'

/** For apps whose log nobody reads. */
export const silentLog: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
}
