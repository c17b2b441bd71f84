import { close, open } from 'node:fs'
import type { Logger } from '../../observe/logger.js'

const LOOK_EVERY_MS = 1_000

/**
 * Says so when this process has no descriptor left: the system's accept then closes each new connection, and
 * nothing of it reaches JavaScript. Those that are open are served, and new ones once some are free.
 */
export function watchDescriptors(log: Logger): void {
  let areShort = false
  const look = (): void =>
    open('/dev/null', 'r', (error, fd) => {
      if (error === null) close(fd)
      const wereShort = areShort
      areShort = error?.code === 'EMFILE' || error?.code === 'ENFILE'
      if (areShort && !wereShort) log.warn({ code: error?.code }, 'out of file descriptors: new connections are closed')
      if (!areShort && wereShort) log.info({}, 'file descriptors are free again')
    })
  setInterval(look, LOOK_EVERY_MS).unref()
}
