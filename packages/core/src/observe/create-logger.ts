import { isatty } from 'node:tty'
import { encodeError } from '../errors/error-codec.js'
import { formatJsonLine, formatPrettyLine, type LogRecord } from './format-log-line.js'
import { type LineSink, LogDestination } from './log-destination.js'
import type { Logger } from './logger.js'
import { flushStderr } from './pass-on-stderr.js'

export interface LoggerOptions {
  /** `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. */
  readonly level: string
  readonly format: 'json' | 'pretty'
  /** Fields of every line, such as `{ instance, service, slot, generation }`. */
  readonly bindings?: object
  /** Default: stdout. */
  readonly sink?: LineSink
}

const RANKS: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: Number.POSITIVE_INFINITY,
}

const LINES_DROPPED = 'log lines were dropped: nobody read them in time, or the disk was full'

let stdout: LogDestination | undefined

/** A logger that writes pino's lines, or lines for people, to stdout. No call of it throws or waits. */
export function createLogger({ level, format, bindings = {}, sink }: LoggerOptions): Logger {
  const colour = format === 'pretty' && sink === undefined && isatty(1) && !process.env.NO_COLOR
  const target = sink ?? openStdout()
  const print = (record: LogRecord) =>
    target.write(format === 'json' ? formatJsonLine(record) : formatPrettyLine(record, colour))
  const logger = makeLogger({ rank: RANKS[level] ?? 30, print }, { pid: process.pid, ...bindings })
  if (target instanceof LogDestination) {
    target.onDropped ??= (count) => logger.warn({ dropped: count }, LINES_DROPPED)
  }
  return logger
}

/** Before a process ends by itself: waits until the log is written, but not for a reader that has stalled. */
export async function flushLogs(timeoutMs = 1000): Promise<void> {
  await Promise.all([stdout?.flush(timeoutMs), flushStderr(timeoutMs)])
}

interface Output {
  readonly rank: number
  readonly print: (record: LogRecord) => void
}

function makeLogger(output: Output, bindings: object): Logger {
  const method = (level: string) => {
    if ((RANKS[level] as number) < output.rank) return () => undefined
    return (fields: unknown, message?: string) => output.print(toRecord(level, bindings, { fields, message }))
  }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (more) => makeLogger(output, { ...bindings, ...more }),
  }
}

function toRecord(level: string, bindings: object, given: { fields: unknown; message: string | undefined }): LogRecord {
  const record: Record<string, unknown> = { time: Date.now(), level, ...bindings }
  const { fields } = given
  let msg = given.message
  if (fields instanceof Error) {
    record.err = errorFields(fields)
    msg ??= fields.message
  } else if (typeof fields === 'object' && fields !== null) {
    addFields(record, fields)
  } else if (fields !== undefined) {
    // As with pino, a text may stand alone.
    msg ??= String(fields)
  }
  if (msg !== undefined) record.msg = String(msg)
  return record as LogRecord
}

function addFields(record: Record<string, unknown>, fields: object): void {
  for (const key of Object.keys(fields)) {
    if (key === 'time' || key === 'level') continue
    try {
      const value: unknown = (fields as Record<string, unknown>)[key]
      record[key] = value instanceof Error ? errorFields(value) : value
    } catch {
      record[key] = '[unreadable]'
    }
  }
}

/** An Error has nothing that JSON would show. `type`, `message`, `stack` as pino's own serialiser names them. */
function errorFields(error: unknown): object {
  return renamed(encodeError(error))
}

function renamed({ name, service: _service, cause, ...rest }: ReturnType<typeof encodeError>): object {
  return { type: name, ...rest, ...(cause !== undefined && { cause: renamed(cause) }) }
}

/** One for the process, made on first use. */
function openStdout(): LogDestination {
  if (stdout === undefined) {
    const opened = new LogDestination(1)
    process.on('exit', () => opened.flushAtExit())
    stdout = opened
  }
  return stdout
}
