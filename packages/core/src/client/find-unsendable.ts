import { isBytes, isNumbers, unsendableTag } from './value-tags.js'

/** Nesting beyond this is refused by servers too. */
const MAX_DEPTH = 1000

/** A place in an input that JSON cannot hold. */
export interface Unsendable {
  readonly path: string
  readonly received: string
}

/**
 * The first thing in an input that JSON would drop, or turn into `{}`, in silence; undefined: there is none.
 * `path` says where `value` itself is.
 */
export function findUnsendable(value: unknown, path = '$', depth = 0): Unsendable | undefined {
  const received = describe(value)
  if (received !== undefined) return { path, received }
  if (typeof value !== 'object' || value === null || isNumbers(value) || hasToJson(value)) return undefined
  // A cycle ends here as well.
  if (depth >= MAX_DEPTH) return { path: '$', received: `more than ${MAX_DEPTH} levels of nesting, or a cycle` }
  if (Array.isArray(value)) return findInList(value, path, depth)
  for (const key of Object.keys(value)) {
    const child = (value as Record<string, unknown>)[key]
    const found = findUnsendable(child, `${path}.${key}`, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

function findInList(items: readonly unknown[], path: string, depth: number): Unsendable | undefined {
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    // Most of what there is: vectors are numbers by the thousand.
    if (typeof item === 'number' || typeof item === 'string') continue
    const found = findUnsendable(item, `${path}[${index}]`, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

function describe(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value === 'bigint') return 'a BigInt'
  if (typeof value !== 'object' || value === null || isNumbers(value) || hasToJson(value)) return undefined
  const tag = unsendableTag(value)
  if (tag === undefined) return undefined
  if (tag === 'Promise') return 'a promise (is an await missing?)'
  if (tag === 'Blob' || tag === 'File') return `a ${tag} below the first level`
  return `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${tag}`
}

/** A Buffer has one too, which gives a list of numbers that nothing turns back into bytes. */
function hasToJson(value: object): boolean {
  return !isBytes(value) && typeof (value as { toJSON?: unknown }).toJSON === 'function'
}
