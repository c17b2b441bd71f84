import type { ServiceClass } from '@ekiben/core'
import { createMount, lineLogger, type Mount, type MountOptions } from '@ekiben/core/adapter'
import { Logger } from '@nestjs/common'
import type { HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { makeMounted } from './from-module.js'
import { prepare } from './platform.js'

/** What a host is provided as. */
export const MOUNT_HOST = 'EKIBEN_MOUNT_HOST'

/** What may be known only when the app is made. */
export interface ServeOptions extends Pick<MountOptions, 'dependencies' | 'errors' | 'log' | 'prefix' | 'system'> {}

type HostOptions = ServeOptions & Pick<MountOptions, 'pathOf'> & { readonly scope: ModulesContainer }

/** The services of one `forRoot`: they start, drain and stop with the app. */
export class MountHost {
  readonly mount: Mount
  readonly adapterHost: HttpAdapterHost

  constructor(services: readonly ServiceClass[], options: HostOptions, adapterHost: HttpAdapterHost) {
    this.adapterHost = adapterHost
    this.mount = createMount(services, {
      ...options,
      log: options.log ?? lineLogger(new Logger('ServeModule')),
      construct: (service, create) => makeMounted(service, create, options.scope),
    })
  }

  readonly onModuleInit = (): void => prepare(this.adapterHost.httpAdapter, this.mount)

  /** What services are made with has been initialised by now. */
  readonly onApplicationBootstrap = (): Promise<void> => this.mount.ready()
  readonly beforeApplicationShutdown = (): void => this.mount.beginDrain()
  /** The app has answered its last request. */
  readonly onApplicationShutdown = (): Promise<void> => this.mount.close()
}
