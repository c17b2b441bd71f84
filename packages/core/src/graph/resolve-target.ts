import { definitionOf } from '../service/registry.js'
import type { RemoteTarget, ServiceDefinition } from '../service/service-definition.js'

/** What a declared dependency points at. */
export type ResolvedTarget =
  | { readonly type: 'service'; readonly definition: ServiceDefinition }
  | { readonly type: 'remote'; readonly remote: RemoteTarget }
  | { readonly type: 'unknown'; readonly received: string }

/** Follows a dependency's target: a service, `() => service`, or a `{ url }` elsewhere. */
export function resolveTarget(target: unknown): ResolvedTarget {
  const definition = definitionOf(target)
  if (definition !== undefined) return { type: 'service', definition }
  if (typeof target === 'function' && !isClass(target)) return resolveLazy(target as () => unknown)
  if (isRemote(target)) return { type: 'remote', remote: target }
  return { type: 'unknown', received: describeValue(target) }
}

function resolveLazy(target: () => unknown): ResolvedTarget {
  let value: unknown
  try {
    value = target()
  } catch (error) {
    return { type: 'unknown', received: `a function that threw ${String(error)}` }
  }
  const definition = definitionOf(value)
  if (definition !== undefined) return { type: 'service', definition }
  if (isRemote(value)) return { type: 'remote', remote: value }
  return { type: 'unknown', received: `a function that returned ${describeValue(value)}` }
}

function isRemote(value: unknown): value is RemoteTarget {
  return typeof value === 'object' && value !== null && typeof (value as { url?: unknown }).url === 'string'
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}

/** What a value is, in words for an error message. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') {
    const named = value.name === '' ? '' : ` ${value.name}`
    return isClass(value) ? `the class${named} without @service() or defineService()` : `the function${named}`
  }
  if (typeof value === 'string') return `the string '${value}'`
  if (typeof value !== 'object') return `the ${typeof value} ${String(value)}`
  if (Array.isArray(value)) return 'an array'
  const { name } = (value.constructor as { name?: unknown } | undefined) ?? {}
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `an instance of ${name}` : 'an object'
}
