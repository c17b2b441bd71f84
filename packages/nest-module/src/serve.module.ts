import type { ServiceClass } from '@ekiben/core'
import { checkOptions, createMount, type Mount } from '@ekiben/core/adapter'
import {
  type ConfigurableModuleAsyncOptions,
  ConfigurableModuleBuilder,
  type DynamicModule,
  type FactoryProvider,
  Inject,
  type InjectionToken,
  Module,
  type Provider,
  type Type,
} from '@nestjs/common'
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { apiController, setPrefix } from './api-controller.js'
import { type HostApp, MOUNT_HOST, MountHost } from './mount-host.js'
import { ASYNC_NAMES, OPTION_NAMES, ROOT_NAMES, type ServeExtras, type ServeOptions } from './serve-options.js'
import { getServiceToken } from './service-token.js'

export interface ServeModuleOptions extends ServeOptions, ServeExtras {}

export interface ServeModuleAsyncOptions
  extends ConfigurableModuleAsyncOptions<ServeOptions, 'createServeOptions'>,
    ServeExtras {}

interface Built extends ServeExtras {
  readonly controllers?: readonly Type[]
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<ServeOptions>({
  moduleName: 'Serve',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createServeOptions')
  .setExtras<Built>({ services: [], uses: [], isGlobal: true, controllers: [] }, toDefinition)
  .build()

/** What is global: the host of the services, and their clients. The controllers are in the module that is around it. */
class MountModule extends ConfigurableModuleClass {}
Module({})(MountModule)

/** The clients of one `forFeature`. */
class FeatureModule {}
Module({})(FeatureModule)

/** Serves services in a Nest app, and gives clients of services to its providers. */
export class ServeModule {
  readonly #host: MountHost

  constructor(host: MountHost) {
    this.#host = host
  }

  /**
   * Calls back when the app begins to stop, also under a supervisor: long streams of its own can end then.
   *
   * @example
   * app.get(ServeModule).onDrain(() => events.complete())
   */
  onDrain(listener: () => void): void {
    this.#host.mount.onDrain(listener)
  }

  /**
   * Mounts `services`, whose apis become routes of the app, and gives clients of them and of what it `uses`.
   *
   * @example
   * @Module({ imports: [ServeModule.forRoot({ services: [TextClassifier], uses: [Embedder], prefix: 'ml' })] })
   *
   * @throws EKB_ERR_CONFIG_UNKNOWN, EKB_ERR_MOUNT_NOT_A_SERVICE, EKB_ERR_MOUNT_AND_USE, EKB_ERR_NEST_PARAMETER and what
   * is wrong with the graph
   */
  static forRoot(options: ServeModuleOptions): DynamicModule {
    checkOptions(options, ROOT_NAMES, 'the options of ServeModule.forRoot()')
    return around(options, (controllers) => MountModule.forRoot({ ...options, controllers }))
  }

  /** As `forRoot`, with the prefix and what else may be known late from a factory. */
  static forRootAsync(options: ServeModuleAsyncOptions): DynamicModule {
    checkOptions(options, ASYNC_NAMES, 'the options of ServeModule.forRootAsync()')
    return around(options, (controllers) => MountModule.forRootAsync({ ...options, controllers }))
  }

  /** Gives clients of services to the module that imports it, whether or not `forRoot` names them. */
  static forFeature(services: readonly ServiceClass[]): DynamicModule {
    tryMount({ uses: services })
    const own = Symbol('host')
    const providers = [
      hostProvider(own, [], (app) => new MountHost([], {}, app)),
      ...clientsFrom([{ token: MOUNT_HOST, optional: true }, own], services),
    ]
    return { module: FeatureModule, providers, exports: services.map(getServiceToken) }
  }
}
Module({})(ServeModule)
Inject(MOUNT_HOST)(ServeModule, undefined, 0)

function around(extras: ServeExtras, inner: (controllers: Type[]) => DynamicModule): DynamicModule {
  const mount = tryMount(extras)
  const controllers = (extras.services ?? []).map((service) => apiController(service, mount))
  const mounts = inner(controllers)
  return { module: ServeModule, imports: [mounts], exports: [mounts], controllers }
}

/** Looks at services as a mount does. It has a scope of its own, so that nothing comes of it. */
function tryMount({ services = [], uses = [] }: ServeExtras): Mount {
  return createMount(services, { uses, dependencies: 'inline', scope: {} })
}

function toDefinition(definition: DynamicModule, extras: Built): DynamicModule {
  const { services = [], uses = [], isGlobal = true, controllers = [] } = extras
  const clients = [...services, ...uses]
  const host = hostProvider(MOUNT_HOST, [MODULE_OPTIONS_TOKEN], (app, options) => {
    checkOptions(options, OPTION_NAMES, 'what the factory of ServeModule.forRootAsync() gave')
    for (const controller of controllers) setPrefix(controller, options.prefix ?? '')
    return new MountHost(services, options, app)
  })
  const providers = [...(definition.providers ?? []), host, ...clientsFrom([MOUNT_HOST], clients)]
  return { ...definition, global: isGlobal, providers, exports: [MOUNT_HOST, ...clients.map(getServiceToken)] }
}

type Injected = NonNullable<FactoryProvider['inject']>

function hostProvider(
  provide: InjectionToken,
  inject: Injected,
  make: (app: HostApp, options: ServeOptions) => MountHost,
): Provider {
  const useFactory = (adapterHost: HttpAdapterHost, modules: ModulesContainer, options: ServeOptions) =>
    make({ adapterHost, modules }, options)
  return { provide, inject: [HttpAdapterHost, ModulesContainer, ...inject], useFactory }
}

/** Of the first host that there is. */
function clientsFrom(inject: Injected, services: readonly ServiceClass[]): Provider[] {
  return services.map((service) => ({
    provide: getServiceToken(service),
    inject,
    useFactory: (...hosts: (MountHost | undefined)[]) => hosts.find((host) => host !== undefined)?.client(service),
  }))
}
