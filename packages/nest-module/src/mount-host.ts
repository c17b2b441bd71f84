import type { ServiceClass, ServiceClient } from '@ekiben/core'
import { createError, createMount, lineLogger, type Mount } from '@ekiben/core/adapter'
import { Logger } from '@nestjs/common'
import type { AbstractHttpAdapter, HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { makeMounted } from './make-instance.js'
import { addSystemRoutes, bodyLimitOf, passBodies } from './platform.js'
import type { ServeOptions } from './serve-options.js'

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
  readonly #services: readonly ServiceClass[]
  readonly #adapterHost: HttpAdapterHost

  constructor(services: readonly ServiceClass[], options: ServeOptions, { adapterHost, modules }: HostApp) {
    this.#services = services
    this.#adapterHost = adapterHost
    this.mount = createMount(services, {
      ...options,
      log: options.log ?? nestLog(),
      scope: modules,
      construct: (service, create) => makeMounted(service, create, modules),
      hostBodyLimit: bodyLimitOf(this.adapter),
    })
  }

  /** Of the app's requests. */
  get adapter(): AbstractHttpAdapter {
    return this.#adapterHost.httpAdapter
  }

  /** What nobody asks for, as when a test overrides it, is never started. */
  client<TService extends ServiceClass>(service: TService): ServiceClient<TService> {
    return this.mount.use(service)
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
  onApplicationBootstrap(): Promise<void> {
    return this.mount.ready()
  }

  beforeApplicationShutdown(): void {
    this.mount.beginDrain()
  }

  /** The app has answered its last request. */
  onApplicationShutdown(): Promise<void> {
    return this.mount.close()
  }
}

function nestLog(logger = new Logger('ServeModule')): ReturnType<typeof lineLogger> {
  return lineLogger((level, line, stack) => {
    if (level === 'error') logger.error(line, stack)
    else logger[level === 'info' ? 'log' : level](line)
  })
}
