import { createError } from '../errors/service-error.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import type { Mount } from './mount-table.js'

/** Has the service make the handlers of its mounts, one after another. */
export async function makeMounts({ name, mount }: ServiceDefinition, instance: object): Promise<readonly Mount[]> {
  const mounts: Mount[] = []
  for (const [path, make] of Object.entries(mount)) {
    const handler: unknown = await make(instance)
    if (typeof handler !== 'function') {
      const value = `a function that returned ${handler === null ? 'null' : typeof handler}`
      const expected = 'one that returns a request handler: (request, response, next) => …'
      throw createError('EKB_ERR_CONFIG_INVALID', {
        source: `service '${name}'`,
        key: `mount['${path}']`,
        value,
        expected,
      })
    }
    mounts.push({ path, handler: handler as Mount['handler'] })
  }
  return mounts
}
