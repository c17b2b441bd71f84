import { createServiceClient } from '../call/service-client.js'
import { followEdges } from '../graph/follow-edges.js'
import type { AppHost } from '../hosting/app-host.js'
import { definitionGiven } from '../hosting/mounted-definition.js'
import type { ServiceClient } from '../service/service-client.js'
import type { ServiceClass } from '../service/service-definition.js'
import { announcedServices } from './announced-services.js'
import type { BootstrapOptions, BuildApp } from './bootstrap-options.js'
import { ownRegistry } from './own-registry.js'
import { toRunnableApp } from './runnable-app.js'
import { warnOfUnread } from './warn-unread.js'

/** Where the app listens in a worker, if nothing else is said: the socket is the supervisor's, and bound. */
const ANY_HOST = '0.0.0.0'
const DEFAULT_PORT = 3000

/** In a worker: builds the app and has it listen, where it gets the public socket. Rejects where it cannot. */
export async function serveApp(host: AppHost, build: BuildApp, options: BootstrapOptions): Promise<void> {
  const { session } = host
  const leaving = new AbortController()
  session.onDrain(() => leaving.abort())
  try {
    await host.beginBuild()
    await warnOfUnread(host, options)
    const registry = ownRegistry(options)
    if (registry !== undefined) host.include(registry)
    const { mounted, used } = announcedServices(options)
    for (const definition of mounted) for (const edge of followEdges(definition).locals) session.use(edge.definition)
    for (const definition of used) session.use(definition)
    // They boot while the app is built.
    if (mounted.length + used.length > 0) host.announce()
    const client = <TService extends ServiceClass>(service: TService): ServiceClient<TService> => {
      const definition = definitionGiven(service, 'client()')
      return createServiceClient(definition, session.use(definition)) as ServiceClient<TService>
    }
    const app = toRunnableApp(await build({ client, signal: leaving.signal, slot: session.slot }))
    host.endBuild()
    const { close } = app
    if (close !== undefined) host.onEnd(close)
    await app.listen({ port: host.port ?? (options.port || DEFAULT_PORT), host: options.host ?? ANY_HOST })
  } catch (error) {
    leaving.abort(error)
    throw error
  }
}
