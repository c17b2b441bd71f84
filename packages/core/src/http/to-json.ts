import { types } from 'node:util'
import { MAX_VALUE_DEPTH } from '../call/value-kinds.js'
import { createError } from '../errors/service-error.js'

type Key = string | number

/** A place in a value that JSON cannot hold. */
interface Refused {
  readonly path: string
  readonly received: string
}

/** JSON.stringify overflows some way beyond, or, in later versions of V8, never. */
const TOO_DEEP: Refused = { path: '$', received: `more than ${MAX_VALUE_DEPTH} levels of nesting` }

interface Walk {
  readonly keys: Key[]
  /** A Float32Array and the like was met: its JSON is a list. */
  hasNumbers: boolean
  /** Something was met of which only JSON.stringify knows whether it has a JSON: a BigInt, or a toJSON of the user's. */
  isOpen: boolean
}

/**
 * JSON of an api's result. What JSON would drop or turn into `{}` in silence (a function, a promise that was
 * not awaited, a Map) is refused with its path; a typed array of numbers becomes a list.
 */
export function toJson(value: unknown): string {
  const text = stringify(value)
  // After stringify, which throws on a cycle: this walk would follow it for ever.
  const walk = newWalk()
  const refused = findRefused(value, walk)
  if (refused !== undefined) throw createError('EKB_ERR_NOT_SERIALISABLE', refused)
  return (walk.hasNumbers ? stringify(value, listNumbers) : text) ?? 'null'
}

/**
 * An api's result for a host that makes the text itself, which is then that of `toJson`: the value as it is, but where
 * it holds typed arrays of numbers. Refuses what `toJson` refuses.
 */
export function toJsonValue(value: unknown): unknown {
  const walk = newWalk()
  // It is at its end on a cycle too: there is a deepest level.
  const refused = findRefused(value, walk)
  if (refused === undefined && !walk.hasNumbers && !walk.isOpen) return value
  const text = toJson(value)
  return walk.hasNumbers ? JSON.parse(text) : value
}

function newWalk(): Walk {
  return { keys: [], hasNumbers: false, isOpen: false }
}

function stringify(value: unknown, replacer?: (key: string, value: unknown) => unknown): string | undefined {
  try {
    return JSON.stringify(value, replacer)
  } catch (cause) {
    // A BigInt, a cycle, too deep a nesting, or a toJSON of the user's.
    const refused = findThrower(value, [], []) ?? { path: '$', received: 'what JSON refuses' }
    throw createError('EKB_ERR_NOT_SERIALISABLE', refused, { cause })
  }
}

function listNumbers(_key: string, value: unknown): unknown {
  return isNumbers(value) ? Array.from(value) : value
}

function isNumbers(value: unknown): value is Float64Array {
  return (
    types.isTypedArray(value) && !types.isBigInt64Array(value) && !types.isBigUint64Array(value) && !('toJSON' in value)
  )
}

function findRefused(value: unknown, walk: Walk): Refused | undefined {
  if (isNumbers(value)) {
    walk.hasNumbers = true
    return undefined
  }
  const received = describeRefused(value)
  if (received !== undefined) return { path: formatPath(walk.keys), received }
  if (typeof value === 'bigint') walk.isOpen = true
  if (typeof value !== 'object' || value === null) return undefined
  if (hasToJson(value)) {
    walk.isOpen ||= !types.isDate(value)
    return undefined
  }
  if (walk.keys.length >= MAX_VALUE_DEPTH) return TOO_DEEP
  return Array.isArray(value) ? findInArray(value, walk) : findInObject(value, walk)
}

function findInArray(items: readonly unknown[], walk: Walk): Refused | undefined {
  for (let index = 0; index < items.length; index++) {
    const refused = visitChild(items[index], index, walk)
    if (refused !== undefined) return refused
  }
  return undefined
}

function findInObject(object: object, walk: Walk): Refused | undefined {
  for (const key of Object.keys(object)) {
    const refused = visitChild((object as Record<string, unknown>)[key], key, walk)
    if (refused !== undefined) return refused
  }
  return undefined
}

function visitChild(child: unknown, key: Key, walk: Walk): Refused | undefined {
  // Most of what there is: the vectors of a model are numbers by the thousand.
  if (typeof child === 'number' || typeof child === 'string') return undefined
  walk.keys.push(key)
  const refused = findRefused(child, walk)
  walk.keys.pop()
  return refused
}

/** What JSON has no form for; undefined: it has one. */
function describeRefused(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value !== 'object' || value === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return undefined
  if (hasToJson(value)) return undefined
  if (types.isPromise(value)) return 'a promise (is an await missing?)'
  if (types.isMap(value)) return 'a Map'
  if (types.isSet(value)) return 'a Set'
  if (types.isNativeError(value)) return 'an Error'
  if (types.isRegExp(value)) return 'a RegExp'
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) return `a ${value.constructor.name}`
  if (value instanceof Blob) return 'a Blob'
  return undefined
}

function hasToJson(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

/** Walks in the order of JSON.stringify, which threw. */
function findThrower(value: unknown, keys: Key[], ancestors: object[]): Refused | undefined {
  if (typeof value === 'bigint') return { path: formatPath(keys), received: 'a BigInt' }
  if (typeof value !== 'object' || value === null || hasToJson(value)) return undefined
  if (ancestors.includes(value)) return { path: formatPath(keys), received: 'an object that contains itself' }
  if (ancestors.length >= MAX_VALUE_DEPTH) return TOO_DEEP
  ancestors.push(value)
  for (const [key, child] of Object.entries(value)) {
    keys.push(Array.isArray(value) ? Number(key) : key)
    const refused = findThrower(child, keys, ancestors)
    if (refused !== undefined) return refused
    keys.pop()
  }
  ancestors.pop()
  return undefined
}

/** `$.items[3].fn`: where in a value. */
function formatPath(keys: readonly Key[]): string {
  return `$${keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')}`
}
