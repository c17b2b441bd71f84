import { encodeError } from '../errors/error-codec.js'
import { createError } from '../errors/service-error.js'
import { type Attachment, type CheckedValue, KIND_NUMBER, MAX_VALUE_DEPTH } from './value-kinds.js'

/** From this depth on each object is compared with those around it: a cycle gets here soon, data hardly ever. */
const CYCLE_CHECK_DEPTH = 64

type Key = string | number

interface Walk {
  /** `keys[0 … depth - 1]` is the path of what is visited at `depth`. */
  readonly keys: Key[]
  readonly ancestors: object[]
  patches: unknown[] | undefined
  attachments: Attachment[] | undefined
  objects: number
}

/**
 * Checks that a value can cross a call, and puts stand-ins where plain data cannot hold it.
 *
 * Plain data comes back as it is, nothing copied; elsewhere only the objects around a stand-in are.
 * Throws EKB_ERR_NOT_SERIALISABLE with the path of what cannot cross.
 */
export function checkValue(value: unknown): CheckedValue {
  const walk: Walk = { keys: [], ancestors: [], patches: undefined, attachments: undefined, objects: 0 }
  try {
    const sent = visit(walk, value, 0)
    return { value: sent, patches: walk.patches, attachments: walk.attachments, objects: walk.objects }
  } catch (error) {
    // A toJSON that returns ever new objects with a toJSON of their own ends here.
    if (error instanceof RangeError) return refuse(walk, CYCLE_CHECK_DEPTH, 'data nested too deep to walk')
    throw error
  }
}

/** `$.items[3].fn`: where in a value. */
export function formatPath(keys: readonly Key[]): string {
  const steps = keys.map((key) => {
    if (typeof key === 'number') return `[${key}]`
    return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  })
  return `$${steps.join('')}`
}

function visit(walk: Walk, value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return isWellFormed(value) ? value : standIn(walk, depth, 'utf16', attach(walk, utf16Bytes(value)))
    case 'number':
      return value === 0 && 1 / value < 0 ? standIn(walk, depth, 'negative-zero', 0) : value
    case 'boolean':
    case 'undefined':
      return value
    case 'bigint':
      return standIn(walk, depth, 'bigint', value < 0n ? `-${(-value).toString(16)}` : value.toString(16))
    case 'object':
      return value === null ? null : visitObject(walk, value, depth)
    default:
      return refuse(walk, depth, `a ${typeof value}`)
  }
}

function visitObject(walk: Walk, value: object, depth: number): unknown {
  if (depth >= CYCLE_CHECK_DEPTH) checkDepth(walk, value, depth)
  walk.ancestors[depth] = value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) return visitArray(walk, value as unknown[], depth)
  if (prototype === Object.prototype || prototype === null) {
    return typeof (value as { toJSON?: unknown }).toJSON === 'function'
      ? visitJson(walk, value, depth)
      : visitPlain(walk, value as Record<string, unknown>, depth)
  }
  return visitSpecial(walk, value, depth)
}

function visitPlain(walk: Walk, value: Record<string, unknown>, depth: number): unknown {
  const keys = Object.keys(value)
  let copy: Record<string, unknown> | undefined
  walk.objects++
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    // As a key of an object literal it would set the prototype on the other side.
    if (key === '__proto__') return visitEntries(walk, value, depth)
    const child = value[key]
    if (child === null || child === true || child === false) continue
    walk.keys[depth] = key
    const sent = visit(walk, child, depth + 1)
    if (!Object.is(sent, child)) {
      copy ??= { ...value }
      copy[key] = sent
    }
  }
  return copy ?? value
}

function visitArray(walk: Walk, value: readonly unknown[], depth: number): unknown {
  let copy: unknown[] | undefined
  for (let index = 0; index < value.length; index++) {
    const child = value[index]
    if (typeof child === 'number' && child !== 0) continue
    walk.keys[depth] = index
    const sent = visit(walk, child, depth + 1)
    if (sent !== child) {
      copy ??= value.slice()
      copy[index] = sent
    }
  }
  return copy ?? value
}

function visitEntries(walk: Walk, value: Record<string, unknown>, depth: number): unknown {
  // What was visited before the key was met is visited again, by its other path.
  walk.patches = walk.patches?.filter((_, index, all) => !isBelow(walk, all[index - (index % 2)] as Key[], depth))
  return standIn(walk, depth, 'entries', visitArray(walk, Object.entries(value), depth))
}

function isBelow(walk: Walk, path: readonly Key[], depth: number): boolean {
  if (path.length <= depth) return false
  for (let index = 0; index < depth; index++) if (path[index] !== walk.keys[index]) return false
  return true
}

function visitSpecial(walk: Walk, value: object, depth: number): unknown {
  const name = constructorName(value)
  if (ArrayBuffer.isView(value)) return visitView(walk, value, depth)
  if (value instanceof Error || tagOf(value) === 'Error') {
    return standIn(walk, depth, 'error', visitPlain(walk, { ...encodeError(value) }, depth))
  }
  // The name is compared too: an instance of a class that extends Map is no Map on the other side.
  switch (tagOf(value)) {
    case name === 'Date' && 'Date':
      return standIn(walk, depth, 'date', (value as Date).getTime())
    case name === 'RegExp' && 'RegExp':
      return standIn(walk, depth, 'regexp', [(value as RegExp).source, (value as RegExp).flags])
    case name === 'Map' && 'Map':
      return standIn(walk, depth, 'map', visitArray(walk, [...(value as Map<unknown, unknown>)], depth))
    case name === 'Set' && 'Set':
      return standIn(walk, depth, 'set', visitArray(walk, [...(value as Set<unknown>)], depth))
    case name === 'ArrayBuffer' && 'ArrayBuffer':
      return standIn(walk, depth, 'ArrayBuffer', attach(walk, new Uint8Array(value as ArrayBuffer)))
    // What Node 22 calls a piece of a Blob, and one for a file on disk.
    case (name === 'Blob' || name === 'TransferableBlob') && 'Blob':
      return standIn(walk, depth, 'blob', [attach(walk, value as Blob), (value as Blob).type])
    case name === 'File' && 'File':
      return visitFile(walk, value as File, depth)
    default:
      return visitOther(walk, value, depth)
  }
}

/** Objects of another realm (a vm context, Jest), objects that say their own JSON, and what cannot cross. */
function visitOther(walk: Walk, value: object, depth: number): unknown {
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return visitJson(walk, value, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  // The prototype of arrays is an array itself, in each realm; that of a class that extends Array is none.
  if (Array.isArray(value) && Array.isArray(prototype)) return visitArray(walk, value, depth)
  if (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')) {
    return visitPlain(walk, value as Record<string, unknown>, depth)
  }
  return refuse(walk, depth, describe(value))
}

function visitView(walk: Walk, value: ArrayBufferView, depth: number): unknown {
  const name = constructorName(value)
  if (!KIND_NUMBER.has(name)) return refuse(walk, depth, describe(value))
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return standIn(walk, depth, name, attach(walk, bytes))
}

function visitFile(walk: Walk, file: File, depth: number): unknown {
  return standIn(walk, depth, 'file', [attach(walk, file), file.name, file.type, file.lastModified])
}

function visitJson(walk: Walk, value: object, depth: number): unknown {
  const json: unknown = (value as { toJSON: (key: string) => unknown }).toJSON(String(walk.keys[depth - 1] ?? ''))
  return json === value
    ? refuse(walk, depth, `${describe(value)} whose toJSON() returns itself`)
    : visit(walk, json, depth)
}

function standIn(walk: Walk, depth: number, kind: string, value: unknown): unknown {
  walk.patches ??= []
  walk.patches.push(walk.keys.slice(0, depth), KIND_NUMBER.get(kind))
  return value
}

function attach(walk: Walk, bytes: Attachment): number {
  walk.attachments ??= []
  return walk.attachments.push(bytes) - 1
}

function checkDepth(walk: Walk, value: object, depth: number): void {
  const ancestors = walk.ancestors.slice(0, depth)
  if (ancestors.includes(value)) {
    const repeated = ancestors.findIndex((ancestor, index) => ancestors.indexOf(ancestor) < index)
    refuse(walk, repeated === -1 ? depth : repeated, 'a cycle')
  }
  if (depth > MAX_VALUE_DEPTH) refuse(walk, CYCLE_CHECK_DEPTH, `data nested deeper than ${MAX_VALUE_DEPTH} levels`)
}

function refuse(walk: Walk, depth: number, received: string): never {
  throw createError('EKB_ERR_NOT_SERIALISABLE', { path: formatPath(walk.keys.slice(0, depth)), received })
}

function describe(value: object): string {
  const name = constructorName(value)
  if (typeof (value as { pipe?: unknown }).pipe === 'function' || name.endsWith('Stream')) return `a stream (${name})`
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise (await it first)'
  return name === '' ? 'an object with a prototype of its own' : `an instance of ${name}`
}

function constructorName(value: object): string {
  const made: unknown = (Object.getPrototypeOf(value) as { constructor?: unknown } | null)?.constructor
  return typeof made === 'function' ? made.name : ''
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

function isWellFormed(text: string): boolean {
  // On Node 20, but in the typings of ES2024 only.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed()
}

function utf16Bytes(text: string): Uint8Array {
  const units = new Uint16Array(text.length)
  for (let index = 0; index < text.length; index++) units[index] = text.charCodeAt(index)
  return new Uint8Array(units.buffer)
}
