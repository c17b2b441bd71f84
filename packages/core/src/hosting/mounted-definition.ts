import { createError } from '../errors/service-error.js'
import { describeValue } from '../graph/resolve-target.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceClass, ServiceDefinition } from '../service/service-definition.js'

/** Is it a service class, declared as such? */
export function isService(value: unknown): value is ServiceClass {
  return definitionOf(value) !== undefined
}

/** The name of what was given as a service; `to`: to whom. Throws EKB_ERR_MOUNT_NOT_A_SERVICE for anything else. */
export function serviceName(value: unknown, to: string): string {
  return definitionGiven(value, to).name
}

/** The definition of what was given as a service; `to`: to whom. */
export function definitionGiven(value: unknown, to: string): ServiceDefinition {
  const definition = definitionOf(value)
  if (definition !== undefined) return definition
  throw createError('EKB_ERR_MOUNT_NOT_A_SERVICE', { to, received: describeValue(value) })
}
