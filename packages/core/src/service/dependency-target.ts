import type { DependencyDefinition, DependencyTarget } from './service-definition.js'

const kDependency = Symbol.for('ekiben.dependency')

/** Marks what `depends()` returns, so that it is a value in `dependencies` as well as a decorator. */
export function markDependency<T extends object>(holder: T, dependency: DependencyDefinition): T {
  return Object.defineProperty(holder, kDependency, { value: dependency })
}

/** A dependency as it was written: a result of `depends()`, or a target by itself. */
export function toDependency(written: unknown): DependencyDefinition {
  if (typeof written === 'function' && Object.hasOwn(written, kDependency)) {
    return (written as unknown as { [kDependency]: DependencyDefinition })[kDependency]
  }
  return { target: written as DependencyTarget, optional: false }
}
