import type { Logger } from '../observe/logger.js'

/** A line for a host's own logger; of an error its stack as well. */
export type WriteLine = (level: 'debug' | 'info' | 'warn' | 'error', line: string, stack?: string) => void

/** A logger for a host whose own takes lines: the fields stand behind the message. */
export function lineLogger(write: WriteLine, bindings: object = {}): Logger {
  const at = (level: Parameters<WriteLine>[0]) => (fields: object, message?: string) => {
    const { err, ...rest } = { ...bindings, ...fields } as { err?: unknown }
    const line = [message, Object.keys(rest).length > 0 ? JSON.stringify(rest) : undefined]
    write(level, line.filter((part) => part !== undefined).join(' '), err instanceof Error ? err.stack : undefined)
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => lineLogger(write, { ...bindings, ...more }),
  }
}
