import type { ServiceClass, ServiceClient } from '@ekiben/core'
import { createMount, type MountOptions } from '@ekiben/core/adapter'

export interface UseServiceOptions extends Pick<MountOptions, 'dependencies' | 'log'> {}

/** A client that can also be disposed of: then the service is stopped, where it runs in this process. */
export type UsedService<TService extends ServiceClass> = ServiceClient<TService> & AsyncDisposable

/**
 * A typed client of a service that has no routes: in its pool where a supervisor is above this process (`ekiben run`,
 * `bootstrapProduction`), else in this process, from the first call on.
 *
 * @example
 * const embedder = useService(Embedder)
 * app.post('/similar', async (request, response) => response.json(await embedder.embed({ texts: request.body.texts })))
 *
 * @throws EKB_ERR_MOUNT_NOT_A_SERVICE, and what is wrong with the graph
 */
export function useService<TService extends ServiceClass>(
  service: TService,
  options: UseServiceOptions = {},
): UsedService<TService> {
  const mount = createMount([], { ...options, uses: [service] })
  const client = mount.client(service)
  Object.defineProperty(client, Symbol.asyncDispose, { value: () => mount.close() })
  return client as UsedService<TService>
}
