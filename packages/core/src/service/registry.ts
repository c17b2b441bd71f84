import { sharedSlot } from '../util/shared-state.js'
import type { ServiceDefinition } from './service-definition.js'

/** Own property of a service class (as written, and of the callable class that stands for it): its definition. */
const kService = Symbol.for('ekiben.service')

/**
 * The definition of a service; undefined: `value` is none. A subclass of a service is a service only when it is
 * declared itself (it then inherits apis and dependencies): two pools of one name would otherwise appear unasked.
 */
export function definitionOf(value: unknown): ServiceDefinition | undefined {
  if (typeof value !== 'function' || !Object.hasOwn(value, kService)) return undefined
  // Asked for its refusal: a definition of another version may have another shape.
  registered()
  return (value as unknown as { [kService]: ServiceDefinition })[kService]
}

/** Every service declared in this process, in the order of their declaration. */
export function registeredServices(): readonly ServiceDefinition[] {
  return [...registered()]
}

/** Brands both classes of a service and remembers it. */
export function registerService(definition: ServiceDefinition): void {
  registered().add(definition)
  for (const holder of new Set([definition.userClass, definition.target])) {
    Object.defineProperty(holder, kService, { value: definition })
  }
}

function registered(): Set<ServiceDefinition> {
  return sharedSlot('services', () => new Set<ServiceDefinition>())
}
