import type { DependencyDefinition, ServiceClass } from './service-definition.js'

/** What a class itself declares, options not yet checked. Bases declare their own: see `membersOf`. */
export interface ClassMembers {
  readonly apis: Record<string, unknown>
  readonly dependencies: Record<string, DependencyDefinition>
}

const kMembers = Symbol.for('ekiben.members')

/** `Symbol.metadata` of decorated classes: on no Node yet, so decorators/metadata.ts defines it. */
export const kMetadata: symbol = (Symbol as { metadata?: symbol }).metadata ?? Symbol.for('Symbol.metadata')

/** The record of one class, made on first use; `holder` is its prototype or its TC39 metadata object. */
export function ownMembers(holder: object): ClassMembers {
  const found = readMembers(holder)
  if (found !== undefined) return found
  const created: ClassMembers = { apis: {}, dependencies: {} }
  Object.defineProperty(holder, kMembers, { value: created })
  return created
}

/** All that a class declares and inherits; the most derived declaration of a name counts. */
export function membersOf(userClass: ServiceClass, metadata?: object): ClassMembers {
  const merged: ClassMembers = { apis: {}, dependencies: {} }
  for (const { prototype, meta } of lineage(userClass, metadata)) {
    for (const members of [readMembers(meta), readMembers(prototype)]) {
      Object.assign(merged.apis, members?.apis)
      Object.assign(merged.dependencies, members?.dependencies)
    }
  }
  return merged
}

/** Bases first. `metadata` stands in for the class's own, which is set only after its decorators ran. */
function lineage(userClass: ServiceClass, metadata: object | undefined): { prototype: unknown; meta: unknown }[] {
  const classes = []
  for (let current: unknown = userClass; typeof current === 'function'; current = Object.getPrototypeOf(current)) {
    const own = Object.getOwnPropertyDescriptor(current, kMetadata)?.value as unknown
    classes.unshift({ prototype: current.prototype as unknown, meta: current === userClass ? (metadata ?? own) : own })
  }
  return classes
}

function readMembers(holder: unknown): ClassMembers | undefined {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, kMembers)) return undefined
  return (holder as { [kMembers]: ClassMembers })[kMembers]
}
