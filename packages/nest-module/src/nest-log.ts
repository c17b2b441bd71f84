import type { Logger as Log } from '@ekiben/core'
import { Logger } from '@nestjs/common'

/** Nest's logger, as a mount writes to one. */
export function nestLog(bindings: object = {}): Log {
  const logger = new Logger('ServeModule')
  const line = (fields: object, message = ''): string => {
    const { err: _, ...rest } = { ...bindings, ...fields } as { err?: unknown }
    return Object.keys(rest).length === 0 ? message : `${message} ${JSON.stringify(rest)}`
  }
  return {
    debug: (fields, message) => logger.debug(line(fields, message)),
    info: (fields, message) => logger.log(line(fields, message)),
    warn: (fields, message) => logger.warn(line(fields, message)),
    error: (fields, message) => logger.error(line(fields, message), stackOf(fields)),
    child: (more) => nestLog({ ...bindings, ...more }),
  }
}

function stackOf({ err }: { readonly err?: unknown }): string | undefined {
  return err instanceof Error ? err.stack : undefined
}
