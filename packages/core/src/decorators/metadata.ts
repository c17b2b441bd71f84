import { type ClassMembers, kMetadata, ownMembers } from '../service/class-members.js'

// No Node has Symbol.metadata yet, and compilers hand metadata to decorators only where it exists when a class is
// evaluated: this module is the first that the package's entry loads.
if (!('metadata' in Symbol)) Object.defineProperty(Symbol, 'metadata', { value: kMetadata, configurable: true })

/** What a decorator records about its class. */
export type MemberRecord = (members: ClassMembers) => void

interface PendingRecord {
  readonly value: unknown
  readonly name: string
  readonly write: MemberRecord
}

/**
 * Records of members whose compiler gives no metadata (Babel's and swc's earlier editions of the standard):
 * member decorators run before the one of their class, which takes them over.
 */
let pending: PendingRecord[] = []

/** Records a decorated member of a class, under either protocol. */
export function recordMember(place: MemberPlace, write: MemberRecord): void {
  if (place.holder === undefined) pending.push({ value: place.value, name: place.name, write })
  else write(ownMembers(place.holder))
}

/** Gives the class its pending records; a method of another class is left out. */
export function flushPending(prototype: object): void {
  const taken = pending.filter(({ value, name }) => value === undefined || Reflect.get(prototype, name) === value)
  pending = []
  for (const { write } of taken) write(ownMembers(prototype))
}

/** Where a decorated member is: its class (prototype or metadata), its name, its value if it is a method. */
export interface MemberPlace {
  /** undefined: the compiler told nothing about the class. */
  readonly holder: object | undefined
  readonly name: string
  readonly value: unknown
  /** What keeps it from being a public instance member; undefined: nothing. */
  readonly obstacle: string | undefined
  /** How messages call its class. */
  readonly owner: string
}

/** Reads the arguments of a member decorator: `(value, context)` of the standard, `(prototype, key)` of TypeScript's own. */
export function memberPlace(target: unknown, contextOrKey: unknown): MemberPlace {
  if (isContext(contextOrKey)) {
    const { name, metadata } = contextOrKey
    return {
      holder: metadata,
      name: String(name),
      value: typeof target === 'function' ? target : undefined,
      obstacle: obstacleOf(name, { isStatic: contextOrKey.static, isPrivate: contextOrKey.private }),
      owner: 'A class',
    }
  }
  const key = contextOrKey as string | symbol
  const isStatic = typeof target === 'function'
  const holder = target as { constructor: { name: string } }
  return {
    holder,
    name: String(key),
    value: undefined,
    obstacle: obstacleOf(key, { isStatic, isPrivate: false }),
    owner: `Class '${isStatic ? target.name : holder.constructor.name}'`,
  }
}

/** Is it the second argument of a standard decorator? */
export function isContext(
  value: unknown,
): value is DecoratorContext & { metadata?: object; static: boolean; private: boolean } {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function obstacleOf(key: unknown, { isStatic, isPrivate }: { isStatic: boolean; isPrivate: boolean }) {
  if (typeof key === 'symbol') return 'is named by a symbol'
  if (isPrivate) return 'is private'
  return isStatic ? 'is static' : undefined
}
