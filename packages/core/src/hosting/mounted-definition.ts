import { createError } from '../errors/service-error.js'
import { describeValue } from '../graph/resolve-target.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceDefinition } from '../service/service-definition.js'

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
