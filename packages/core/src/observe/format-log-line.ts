/** One line of the log as data: what pino writes, `level` as a word. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: string
  readonly msg?: string
  readonly [field: string]: unknown
}

/** Known to whoever reads a terminal, or of no use there. */
const HIDDEN = new Set(['time', 'level', 'msg', 'pid', 'instance', 'service', 'slot', 'generation', 'err'])

const MAX_CAUSES = 9
const COLOURS: Readonly<Record<string, string>> = { error: '31', warn: '33', info: '32', debug: '2' }

/** One line of JSON, whatever the fields hold: a log call must not throw. */
export function formatJsonLine(record: LogRecord): string {
  return `${stringify(record)}\n`
}

/** `time level service#slot message key=value …` for people; stacks indented below it. */
export function formatPrettyLine(record: LogRecord, colour: boolean): string {
  const paint = (code: string, text: string) => (colour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text)
  const { level, msg, service, slot, err } = record
  const who = service === undefined ? '' : `${service}${slot === undefined ? '' : `#${slot}`}`
  const isShown = ([key, value]: [string, unknown]) =>
    value !== undefined && (!HIDDEN.has(key) || (key === 'err' && typeof value !== 'object'))
  const fields = Object.entries(record)
    .filter(isShown)
    .map(([key, value]) => `${paint('2', `${printable(key)}=`)}${fieldText(value)}`)
  const words = [
    paint('2', clockTime(record.time)),
    paint(COLOURS[level] ?? '0', level.toUpperCase().padEnd(5)),
    paint('36', printable(who)),
    msg === undefined ? '' : printable(msg),
    ...fields,
  ]
  return `${words.filter((word) => word !== '').join(' ')}\n${errorLines(err, paint)}`
}

function errorLines(err: unknown, paint: (code: string, text: string) => string): string {
  let lines = ''
  let at: unknown = err
  for (let depth = 0; depth < MAX_CAUSES && typeof at === 'object' && at !== null; depth++) {
    const { stack, type, message, hint, origin, cause } = at as Record<string, unknown>
    const [head = '', ...frames] = String(stack ?? `${type}: ${message}`).split('\n')
    lines += `    ${depth === 0 ? '' : 'caused by '}${printable(head)}\n`
    for (const frame of frames) lines += `    ${paint('2', printable(frame))}\n`
    if (typeof origin === 'object' && origin !== null) lines += `    thrown in ${printable(place(origin))}\n`
    if (typeof hint === 'string') lines += `    hint: ${printable(hint)}\n`
    at = cause
  }
  return lines
}

/** `Embedder#0 (pid 123)`: which worker. */
function place({ service, slot, pid }: { service?: unknown; slot?: unknown; pid?: unknown }): string {
  return `${service}#${slot} (pid ${pid})`
}

/** Local time of day. */
function clockTime(time: number): string {
  const at = new Date(time)
  const two = (part: number) => String(part).padStart(2, '0')
  const ms = String(at.getMilliseconds()).padStart(3, '0')
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`
}

function fieldText(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string' && /^[\w.:/@#+-]+$/.test(value)) return value
  return printable(stringify(value))
}

/** Requests put text into the log: a line break must not start a line that looks like ours, nor an escape paint it. */
function printable(text: string): string {
  return text
    .replace(/\r?\n/g, '\n    ')
    .replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return stringifyCarefully(value, [])
  }
}

/** For what JSON.stringify refuses: circles, BigInt, getters and toJSON that throw. */
function stringifyCarefully(value: unknown, above: readonly unknown[]): string {
  try {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
    if (above.includes(value)) return '"[circular]"'
    if (above.length > 8) return '"[too deep]"'
    const chain = [...above, value]
    if (Array.isArray(value)) return `[${value.map((item) => stringifyCarefully(item, chain)).join(',')}]`
    const parts = Object.keys(value).map((key) => `${JSON.stringify(key)}:${ownText(value, key, chain)}`)
    return `{${parts.join(',')}}`
  } catch {
    return typeof value === 'bigint' ? `"${value}"` : '"[unreadable]"'
  }
}

function ownText(value: object, key: string, chain: readonly unknown[]): string {
  try {
    return stringifyCarefully((value as Record<string, unknown>)[key], chain)
  } catch {
    return '"[unreadable]"'
  }
}
