import { createError } from '../errors/service-error.js'
import type { ServiceDefinition } from '../service/service-definition.js'

/** The lifecycle methods a service may have. */
export interface ServiceInstance {
  onStart?(): unknown
  onStop?(): unknown
  isReady?(): unknown
  isAlive?(): unknown
}

/** Makes the object whose methods are called: by `create`, or by `new` without arguments. */
export async function constructService({ create, target, name }: ServiceDefinition): Promise<ServiceInstance> {
  const made: unknown = create === undefined ? new (target as new () => object)() : await create(target)
  if (typeof made === 'object' && made !== null) return made as ServiceInstance
  const value = `a function that returned ${made === null ? 'null' : typeof made}`
  const params = { source: `service '${name}'`, key: 'create', value, expected: 'one that returns an instance' }
  throw createError('EKB_ERR_CONFIG_INVALID', params)
}
