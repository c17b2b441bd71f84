import type { ServiceClass, ServiceClient } from '@ekiben/core'
import { createError, createMount, type Mount, type MountOptions, type MountRoute } from '@ekiben/core/adapter'
import type { AbstractHttpAdapter, HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { bodyLimitOf, passBodies } from './fastify-bodies.js'
import { makeMounted } from './make-instance.js'
import { nestLog } from './nest-log.js'
import type { ServeOptions } from './serve-options.js'
import { addSystemRoutes } from './system-routes.js'

/** Which api a handler runs. */
export type ApiOf = Pick<MountRoute, 'service' | 'api'>

/** What a host is provided as. */
export const MOUNT_HOST = 'EKIBEN_MOUNT_HOST'

/** The app that a host is in. */
export interface HostApp {
  readonly adapterHost: HttpAdapterHost
  readonly modules: ModulesContainer
}

/** The services of one `forRoot`: they start, drain and stop with the app. */
export class MountHost {
  readonly mount: Mount
  readonly #routes = new Map<ApiOf, MountRoute>()
  readonly #services: readonly ServiceClass[]
  readonly #shared: Pick<MountOptions, 'scope' | 'log' | 'dependencies'>
  readonly #app: HostApp
  /** One for each service that a client was asked for: what a test overrides is never started. */
  readonly #used = new Map<ServiceClass, Mount>()

  constructor(services: readonly ServiceClass[], options: ServeOptions, app: HostApp) {
    const { dependencies, log = nestLog() } = options
    this.#services = services
    this.#app = app
    this.#shared = { scope: app.modules, log, ...(dependencies !== undefined && { dependencies }) }
    this.mount = createMount(services, {
      ...options,
      ...this.#shared,
      construct: (service, create) => makeMounted(service, create, app.modules),
      hostBodyLimit: bodyLimitOf(app.adapterHost.httpAdapter),
    })
  }

  /** Of the app's requests. */
  get adapter(): AbstractHttpAdapter {
    return this.#app.adapterHost.httpAdapter
  }

  /** Of its own mount: each app has one, its controllers may have several. */
  routeOf(of: ApiOf): MountRoute {
    const known = this.#routes.get(of)
    if (known !== undefined) return known
    const { routes } = this.mount
    const found = routes.find(({ service, api }) => service === of.service && api === of.api) as MountRoute
    this.#routes.set(of, found)
    return found
  }

  client<TService extends ServiceClass>(service: TService): ServiceClient<TService> {
    if (this.#services.includes(service)) return this.mount.client(service)
    const mount = this.#used.get(service) ?? createMount([], { ...this.#shared, uses: [service] })
    this.#used.set(service, mount)
    return mount.client(service)
  }

  /** After the app's routes are there, and before its answer to all else. */
  onModuleInit(): void {
    if (this.#services.length === 0) return
    if (!this.adapter) {
      throw createError('EKB_ERR_NEST_NO_HTTP_ADAPTER', { services: this.#services.map(({ name }) => name) })
    }
    passBodies(this.adapter)
    addSystemRoutes(this.adapter, this.mount)
  }

  /** What services are made with has been initialised by now. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      await Promise.all(this.#mounts.map((mount) => mount.ready()))
    } catch (error) {
      // Whoever makes the app may not close what has not come up.
      await Promise.allSettled(this.#mounts.map((mount) => mount.close()))
      throw error
    }
  }

  beforeApplicationShutdown(): void {
    for (const mount of this.#mounts) mount.beginDrain()
  }

  /** The app has answered its last request. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#mounts.map((mount) => mount.close()))
  }

  get #mounts(): readonly Mount[] {
    return [this.mount, ...this.#used.values()]
  }
}
