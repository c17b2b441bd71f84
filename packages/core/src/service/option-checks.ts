import type { ServiceError } from '../errors/service-error.js'
import { createError } from '../errors/service-error.js'
import { nearNames } from '../util/near-names.js'
import { parseBytes } from '../util/parse-bytes.js'
import { hideCredentials } from '../util/parse-remote-url.js'

/** What a value must be, in words for the message. */
export interface Check {
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
}

/** The known keys of an options object: a check, or the table of a nested object. */
export interface OptionTable {
  readonly [key: string]: Check | { readonly nested: OptionTable }
}

/** Which object is checked: the service it belongs to, its path in the options, keys that come in a later version. */
export interface OptionPlace {
  readonly service: string
  readonly path?: string
  readonly reserved?: readonly string[]
}

/** Longest time a Node timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const milliseconds = (least: 0 | 1): Check => ({
  expected: `milliseconds, from ${least} to ${MAX_TIMER_MS}`,
  accepts: (value) => typeof value === 'number' && value >= least && value <= MAX_TIMER_MS,
})

export const wholeNumber = (least: number): Check => ({
  expected: `a whole number of at least ${least}`,
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least,
})

export const text: Check = { expected: 'a string', accepts: (value) => typeof value === 'string' }

export const flag: Check = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' }

export const size: Check = {
  expected: "a size in bytes, or text such as '300M'",
  accepts: (value) => (parseBytes(value) ?? 0) > 0,
}

/** As `size`; 0 stands for none. */
export const sizeOrZero: Check = {
  expected: "a size in bytes, text such as '300M', or 0",
  accepts: (value) => parseBytes(value) !== undefined,
}

export const record: Check = { expected: 'an object', accepts: isRecord }

/** Throws EKB_ERR_CONFIG_UNKNOWN or _INVALID for the first key that is unknown or has an impossible value. */
export function checkOptions(options: unknown, table: OptionTable, place: OptionPlace): void {
  if (!isRecord(options)) throw impossible(place, place.path ?? 'options', wrong(options, record.expected))
  for (const [key, value] of Object.entries(options)) {
    const path = place.path === undefined ? key : `${place.path}.${key}`
    const known = Object.hasOwn(table, key) ? table[key] : undefined
    if (known === undefined) throw unknownKey(path, key, { place, table })
    if (value === undefined) continue
    if ('nested' in known) checkOptions(value, known.nested, { service: place.service, path })
    else if (!known.accepts(value)) throw impossible(place, path, wrong(value, known.expected))
  }
}

interface Wrong {
  readonly value: string
  readonly expected: string
}

/** `key` is a path such as `traffic.timeoutMs`. */
function impossible({ service }: OptionPlace, key: string, what: Wrong): ServiceError {
  return createError('EKB_ERR_CONFIG_INVALID', { source: `service '${service}'`, key, ...what })
}

function wrong(value: unknown, expected: string): Wrong {
  return { value: describeValue(value), expected }
}

/** A value in a few words, without the password of a URL. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') {
    const shown = hideCredentials(value)
    return `'${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}'`
  }
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function unknownKey(path: string, key: string, known: { place: OptionPlace; table: OptionTable }): ServiceError {
  const { place, table } = known
  if (place.reserved?.includes(key)) {
    return createError('EKB_ERR_NOT_IN_THIS_VERSION', { what: `Option '${path}' (of service '${place.service}')` })
  }
  const near = nearNames(key, Object.keys(table))
  return createError('EKB_ERR_CONFIG_UNKNOWN', { source: `service '${place.service}'`, key: path, near })
}
