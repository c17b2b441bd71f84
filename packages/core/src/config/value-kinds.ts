import { parseAdminAddress } from '../net/parse-admin-address.js'
import { type InspectAddress, parseInspectAddress } from '../net/parse-inspect-address.js'
import { parseNetwork } from '../net/parse-network.js'
import { slotAddress } from '../net/slot-address.js'
import { normalisePrefix } from '../util/normalise-prefix.js'
import { parseBytes } from '../util/parse-bytes.js'
import { hideCredentials, parseRemoteUrl } from '../util/parse-remote-url.js'

/**
 * What values a setting takes. A kind reads them in two spellings: as text (flags, variables, `--set`) and as
 * data (code, configuration file). undefined: impossible.
 */
export interface ValueKind<T = unknown> {
  /** Completes "expected …". */
  readonly expected: string
  /** The type as the documentation shows it. */
  readonly type: string
  /** What was given for it is not repeated in a message. */
  readonly isSecret?: boolean
  readonly fromText: (text: string) => T | undefined
  readonly fromValue: (value: unknown) => T | undefined
}

/** Node cuts a longer timer to 1 ms without an error. */
const MAX_TIMER_MS = 2 ** 31 - 1
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
const NAME = /^[A-Za-z][\w.-]{0,62}$/

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): ValueKind<number> {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`
  return numeric(expected, 'integer', (value) =>
    Number.isInteger(value) && within(value, min, max) ? value : undefined,
  )
}

export function number(min: number): ValueKind<number> {
  return numeric(`a number, ${min} or more`, 'number', (value) =>
    within(value, min, Number.MAX_VALUE) ? value : undefined,
  )
}

export function milliseconds(min: number): ValueKind<number> {
  return numeric(`milliseconds from ${min} to ${MAX_TIMER_MS}`, 'milliseconds', (value) =>
    within(value, min, MAX_TIMER_MS) ? value : undefined,
  )
}

/** Seconds in, milliseconds out. */
export function seconds(minMs: number): ValueKind<number> {
  const max = Math.floor(MAX_TIMER_MS / 1000)
  const expected = minMs === 0 ? `seconds from 0 to ${max}` : `seconds above 0, at most ${max}`
  return numeric(expected, 'seconds', (value) => {
    const ms = Math.round(value * 1000)
    return within(ms, minMs, MAX_TIMER_MS) ? ms : undefined
  })
}

export function oneOf<T extends string>(words: readonly T[]): ValueKind<T> {
  const fromValue = (value: unknown) => words.find((word) => word === value)
  return { expected: `one of ${words.join(', ')}`, type: words.join(' | '), fromText: fromValue, fromValue }
}

/** A kind that takes one more word, such as `cpu` or `none`. */
export function orWord<T, W extends string>(word: W, kind: ValueKind<T>): ValueKind<T | W> {
  return {
    expected: `${kind.expected}, or '${word}'`,
    type: `${kind.type} | ${word}`,
    fromText: (text) => (text === word ? word : kind.fromText(text)),
    fromValue: (value) => (value === word ? word : kind.fromValue(value)),
  }
}

export const port = integer(0, 65535)

/** A worker count: processes, or one for each usable core. */
export const workerCount = orWord('cpu', integer(1))

export const boolean: ValueKind<boolean> = {
  expected: 'true or false',
  type: 'boolean',
  fromText: (text) => BOOLEAN_WORDS.get(text.toLowerCase()),
  fromValue: (value) => (typeof value === 'boolean' ? value : undefined),
}
const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
])

export const string: ValueKind<string> = text('a text that is not empty', (value) => value.trim() !== '')
/** A text that no message repeats, whatever was given for it. */
export const secret: ValueKind<string> = { ...string, isSecret: true }
export const host: ValueKind<string> = text('an address or a host name', (value) => /^[^\s/[\]]+$/.test(value))
export const name: ValueKind<string> = text('a letter and up to 62 more of letters, digits, _ . and -', (value) =>
  NAME.test(value),
)

/** Permission bits of a file. As a number 660 and 0o660 could both be meant. */
export const mode: ValueKind<string> = text("permission bits as a text of three octal digits, such as '660'", (value) =>
  /^0?[0-7]{3}$/.test(value),
)

/** What paths begin with: `/ml`, or nothing. */
export const routePrefix: ValueKind<string> = {
  expected: "a path such as '/ml', of letters, digits and - . _ ~",
  type: 'string',
  fromText: (value) => toPrefix(value.trim()),
  fromValue: (value) => (typeof value === 'string' ? toPrefix(value) : undefined),
}

/** Whose word on a client's address is taken: everybody's, nobody's, or that of some. In a text with commas between. */
export const trustProxy: ValueKind<boolean | readonly string[]> = {
  expected: "true, false, or addresses and networks such as '10.0.0.0/8' and 'loopback'",
  type: 'boolean | string[]',
  fromText: (value) => boolean.fromText(value) ?? trustProxy.fromValue(splitList(value)),
  fromValue: (value) => {
    if (typeof value === 'boolean') return value
    if (!Array.isArray(value) || value.length === 0) return undefined
    return value.every((item) => typeof item === 'string' && parseNetwork(item) !== undefined) ? [...value] : undefined
  },
}

/** Kept as it is written. */
export const adminAddress: ValueKind<string> = text(
  'HOST:PORT, or the path of a Unix socket with a / in it',
  (value) => parseAdminAddress(value) !== undefined,
)

/** Kept as it is written. */
export const workerAddress: ValueKind<string> = text(
  "'unix:PATH' or 'HOST:PORT' with {slot} or {4000+slot} in the path or the port",
  (value) => slotAddress(value, 0) !== undefined,
)

/** Where a debugger can attach: `HOST:PORT`, one of the two, or true for Node's own default. */
export const inspectAddress: ValueKind<InspectAddress | false> = {
  expected: 'HOST:PORT, a host, a port, true or false',
  type: 'string | boolean',
  fromText: (value) => parseInspectAddress(BOOLEAN_WORDS.get(value.toLowerCase()) ?? value),
  fromValue: (value) => parseInspectAddress(value),
}

/** Bytes, or `300M` where a text is taken; kept as it is written. */
export const bytes: ValueKind<number | string> = {
  expected: "a number of bytes, or a text such as '300M'",
  type: 'bytes',
  fromText: (value) => ((parseBytes(value) ?? 0) > 0 ? value : undefined),
  fromValue: (value) => ((parseBytes(value) ?? 0) > 0 ? (value as number | string) : undefined),
}

export const bytesOrZero: ValueKind<number | string> = {
  expected: "a number of bytes, a text such as '300M', or 0",
  type: 'bytes',
  fromText: (value) => (parseBytes(value) === undefined ? undefined : value),
  fromValue: (value) => (parseBytes(value) === undefined ? undefined : (value as number | string)),
}

export const textList: ValueKind<readonly string[]> = {
  expected: 'a list of texts',
  type: 'string[]',
  fromText: (value) => textList.fromValue(parseJson(value)),
  fromValue: (value) =>
    Array.isArray(value) && value.every((item) => typeof item === 'string') ? [...value] : undefined,
}

/** Names of variables; `PREFIX*` stands for all that begin so. In a text with commas between them. */
export const variableNames: ValueKind<readonly string[]> = {
  expected: 'names of variables, PREFIX* among them',
  type: 'string[]',
  fromText: (value) => variableNames.fromValue(value.split(',').map((item) => item.trim())),
  fromValue: (value) =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' && /^[^=*\s]*\*?$/.test(item) && item !== '')
      ? [...value]
      : undefined,
}

/** Origins of pages, as browsers send them; `'*'`: any. In a text with commas between them. */
export const corsOrigins: ValueKind<'*' | readonly string[]> = {
  expected: "origins such as 'https://app.example', without a path, or '*' alone",
  type: "string[] | '*'",
  fromText: (value) => corsOrigins.fromValue(value.trim() === '*' ? '*' : splitList(value)),
  fromValue: (value) => {
    if (value === '*') return value
    if (!Array.isArray(value) || value.length === 0) return undefined
    const origins = value.map(toOrigin)
    return origins.every((origin) => origin !== undefined) ? origins : undefined
  },
}

export const headerNames: ValueKind<readonly string[]> = listOf('names of headers', (item) => item.toLowerCase())
export const methodNames: ValueKind<readonly string[]> = listOf('methods of HTTP', (item) => item.toUpperCase())

/** Where a service runs that does not run here; kept as it is written. */
export const remoteUrl: ValueKind<string> = text(
  'an http or https URL, without query or fragment',
  (value) => parseRemoteUrl(value) !== undefined,
)

/** A user or a group: a name or an id. Kept as a text. */
export const account: ValueKind<string> = {
  expected: 'a name or an id',
  type: 'string',
  fromText: (value) => (/^[^\s:]+$/.test(value) ? value : undefined),
  fromValue: (value) =>
    typeof value === 'string' || Number.isSafeInteger(value) ? account.fromText(String(value)) : undefined,
}

/** Any text: the value of an environment variable. */
export const anyText: ValueKind<string> = text('a text', () => true)

/** Says what was received: short, and without the inside of objects and the password of a URL, which are secrets. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') {
    const shown = hideCredentials(value)
    return `'${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}'`
  }
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

export function parseJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

function text(expected: string, accepts: (value: string) => boolean): ValueKind<string> {
  const fromValue = (value: unknown) => (typeof value === 'string' && accepts(value) ? value : undefined)
  return { expected, type: 'string', fromText: fromValue, fromValue }
}

function numeric(expected: string, type: string, accept: (value: number) => number | undefined): ValueKind<number> {
  const fromValue = (value: unknown) => (typeof value === 'number' ? accept(value) : undefined)
  return { expected, type, fromText: (written) => fromValue(toNumber(written)), fromValue }
}

/** Names as HTTP has them, each brought into one form. */
function listOf(expected: string, toForm: (item: string) => string): ValueKind<readonly string[]> {
  const fromValue = (value: unknown): readonly string[] | undefined =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' && TOKEN.test(item))
      ? value.map(toForm)
      : undefined
  return { expected, type: 'string[]', fromText: (value) => fromValue(splitList(value)), fromValue }
}

function toPrefix(value: string): string | undefined {
  return /^\/?[\w.~-]+(\/[\w.~-]+)*\/?$/.test(value) || /^\/?$/.test(value) ? normalisePrefix(value) : undefined
}

function splitList(value: string): string[] {
  return value.split(',').map((item) => item.trim())
}

/** An origin as browsers send it: in lower case, without the port that goes without saying. */
function toOrigin(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*,]+$/i.test(value)) return undefined
  if (!/^https?:/i.test(value)) return value.toLowerCase()
  return URL.canParse(value) ? new URL(value).origin : undefined
}

/** `Number` takes '' for 0, '0x10' for 16 and ' 1 ' for 1: none of them is meant as a number here. */
function toNumber(value: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
}

function within(value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}
