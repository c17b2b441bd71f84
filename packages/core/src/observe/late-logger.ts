import type { Logger } from './logger.js'

/** One that is known only later: what is logged before is logged then. */
export function lateLogger(known: Promise<Logger>): Logger {
  let logger: Logger | undefined
  void known.then((found) => {
    logger = found
  })
  const at = (level: Exclude<keyof Logger, 'child'>) => (fields: object, message?: string) => {
    if (logger === undefined) void known.then((found) => found[level](fields, message))
    else logger[level](fields, message)
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (bindings) => logger?.child(bindings) ?? lateLogger(known.then((found) => found.child(bindings))),
  }
}
