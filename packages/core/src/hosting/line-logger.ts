import type { Logger } from '../observe/logger.js'

/** What a host's own logger takes, when it takes lines as `console` does. */
export interface LineWriter {
  debug(line: string): unknown
  log(line: string): unknown
  warn(line: string): unknown
  error(line: string, stack?: string): unknown
}

/** A logger for a host whose own takes lines: the fields stand behind the message, and an error's stack is given apart. */
export function lineLogger(writer: LineWriter, bindings: object = {}): Logger {
  const at = (level: keyof LineWriter) => (fields: object, message?: string) => {
    const { err, ...rest } = { ...bindings, ...fields } as { err?: unknown }
    const parts = [message, Object.keys(rest).length > 0 ? JSON.stringify(rest) : undefined]
    const line = parts.filter((part) => part !== undefined).join(' ')
    if (level === 'error' && err instanceof Error) writer.error(line, err.stack)
    else writer[level](line)
  }
  return {
    debug: at('debug'),
    info: at('log'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => lineLogger(writer, { ...bindings, ...more }),
  }
}
