import type { ServiceClass } from '@ekiben/core'
import { checkOptions } from '@ekiben/core/adapter'
import {
  type ConfigurableModuleAsyncOptions,
  ConfigurableModuleBuilder,
  type DynamicModule,
  Module,
  type Provider,
  type Type,
} from '@nestjs/common'
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { apiController, setPrefix } from './api-controller.js'
import { MOUNT_HOST, MountHost } from './mount-host.js'
import {
  ASYNC_NAMES,
  OPTION_NAMES,
  ROOT_NAMES,
  type ServeExtras,
  type ServeOptions,
  tryMount,
} from './serve-options.js'
import { getServiceToken } from './service-token.js'

export interface ServeModuleOptions extends ServeOptions, ServeExtras {}

export interface ServeModuleAsyncOptions
  extends ConfigurableModuleAsyncOptions<ServeOptions, 'createServeOptions'>,
    ServeExtras {}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<ServeOptions>({
  moduleName: 'Serve',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createServeOptions')
  .setExtras<Built>({ services: [], uses: [], isGlobal: true, controllers: [] }, toDefinition)
  .build()

interface Built extends ServeExtras {
  readonly controllers?: readonly Type[]
}

/** What is global: the host of the services, and their clients. The controllers are in the module that is around it. */
class MountModule extends ConfigurableModuleClass {}
Module({})(MountModule)

/** The mounting of one `forFeature`. */
class FeatureModule {}
Module({})(FeatureModule)

/** Serves services in a Nest app, and gives clients of services to its providers. */
// biome-ignore lint/complexity/noStaticOnlyClass: Nest takes a class for a module
export class ServeModule {
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
    return {
      module: FeatureModule,
      providers: [
        {
          provide: own,
          inject: [HttpAdapterHost, ModulesContainer],
          useFactory: (adapterHost: HttpAdapterHost, modules: ModulesContainer) =>
            new MountHost([], {}, { adapterHost, modules }),
        },
        ...services.map((service) => ({
          provide: getServiceToken(service),
          inject: [own, { token: MOUNT_HOST, optional: true }],
          useFactory: (alone: MountHost, host?: MountHost) => (host ?? alone).client(service),
        })),
      ],
      exports: services.map(getServiceToken),
    }
  }
}
Module({})(ServeModule)

function around(extras: ServeExtras, inner: (controllers: Type[]) => DynamicModule): DynamicModule {
  const mount = tryMount(extras)
  const controllers = (extras.services ?? []).map((service) => apiController(service, mount))
  const mounts = inner(controllers)
  return { module: ServeModule, imports: [mounts], exports: [mounts], controllers }
}

function toDefinition(definition: DynamicModule, extras: Built): DynamicModule {
  const { services = [], uses = [], isGlobal = true, controllers = [] } = extras
  const host: Provider = {
    provide: MOUNT_HOST,
    inject: [MODULE_OPTIONS_TOKEN, HttpAdapterHost, ModulesContainer],
    useFactory: (options: ServeOptions, adapterHost: HttpAdapterHost, modules: ModulesContainer) => {
      checkOptions(options, OPTION_NAMES, 'what the factory of ServeModule.forRootAsync() gave')
      for (const controller of controllers) setPrefix(controller, options.prefix ?? '')
      return new MountHost(services, options, { adapterHost, modules })
    },
  }
  const clients = [...services, ...uses].map(
    (service): Provider => ({
      provide: getServiceToken(service),
      inject: [MOUNT_HOST],
      useFactory: (mounts: MountHost) => mounts.client(service),
    }),
  )
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), host, ...clients],
    exports: [MOUNT_HOST, ...[...services, ...uses].map(getServiceToken)],
  }
}
