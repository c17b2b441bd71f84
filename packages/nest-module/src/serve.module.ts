import type { ServiceClass } from '@ekiben/core'
import { checkOptions, createMount, type Mount, type MountOptions } from '@ekiben/core/adapter'
import type { ConfigurableModuleAsyncOptions, DynamicModule, FactoryProvider, Type } from '@nestjs/common'
import { ConfigurableModuleBuilder, Inject, Module } from '@nestjs/common'
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core'
import { apiController, setPrefix } from './api-controller.js'
import { checkApp } from './app-checks.js'
import { MOUNT_HOST, MountHost, type ServeOptions } from './mount-host.js'
import { openPlace } from './place.js'
import { routePath } from './route-path.js'
import { getServiceToken } from './service-token.js'

type Services = readonly ServiceClass[]

/** What the module is made of. */
interface ServeExtras {
  /** Mounted: their apis are routes of the app, and run in its process. */
  readonly services?: Services
  /** Used: they run in pools where a supervisor is above the app, and have no routes. */
  readonly uses?: Services
  /** Clients can be injected in every module. Default true. */
  readonly isGlobal?: boolean
}

const EXTRAS = ['services', 'uses', 'isGlobal']
const OPTIONS = ['prefix', 'dependencies', 'errors', 'system', 'log']
/** Nest's own, in place of the options. */
const OF_FACTORY = ['imports', 'inject', 'useFactory', 'useClass', 'useExisting', 'provideInjectionTokenFrom']

export interface ServeModuleOptions extends ServeOptions, ServeExtras {}

type AsyncOptions = ConfigurableModuleAsyncOptions<ServeOptions, 'createServeOptions'>
export interface ServeModuleAsyncOptions extends AsyncOptions, ServeExtras {}

const builder = new ConfigurableModuleBuilder<ServeOptions>({ moduleName: 'Serve' }).setClassMethodName('forRoot')
const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = builder.setFactoryMethodName('createServeOptions').build()

/** What may be global: a host of services, and their clients. The controllers are in the module that is around it. */
class MountModule extends ConfigurableModuleClass {}
Module({})(MountModule)

/** Serves services in a Nest app, and gives clients of services to its providers. */
export class ServeModule {
  declare private readonly host: MountHost
  declare private readonly modules: ModulesContainer

  /** Nest calls it when all of the app is made, and before it has routes. @internal */
  configure(): void {
    checkApp(this.modules)
  }

  /**
   * Calls back when the app begins to stop, also under a supervisor: long streams of its own can end then.
   *
   * @example
   * app.get(ServeModule).onDrain(() => events.complete())
   */
  onDrain(listener: () => void): void {
    this.host.mount.onDrain(listener)
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
    checkOptions(options, [...EXTRAS, ...OPTIONS], 'the options of ServeModule.forRoot()')
    const { services, uses, isGlobal, ...own } = options
    return mounting(options, MountModule.forRoot(own))
  }

  /** As `forRoot`, with the prefix and what else may be known late from a factory. */
  static forRootAsync(options: ServeModuleAsyncOptions): DynamicModule {
    checkOptions(options, [...EXTRAS, ...OF_FACTORY], 'the options of ServeModule.forRootAsync()')
    return mounting(options, MountModule.forRootAsync(options))
  }

  /** Gives clients of services to the module that imports it, whether or not `forRoot` names them. */
  static forFeature(services: Services): DynamicModule {
    tryMount([], services)
    const own = Symbol('host')
    const providers = [hostProvider(own, []), ...clientsFrom([own, { token: MOUNT_HOST, optional: true }], services)]
    return { module: MountModule, providers, exports: services.map(getServiceToken) }
  }
}
Module({})(ServeModule)
Inject(MOUNT_HOST)(ServeModule.prototype, 'host')
Inject(ModulesContainer)(ServeModule.prototype, 'modules')

/** `definition`: of the options. */
function mounting(extras: ServeExtras, definition: DynamicModule): DynamicModule {
  const { services = [], uses = [], isGlobal = true } = extras
  const mount = tryMount(services, uses)
  // Of its own: where several modules give the token that all know, Nest before 11.2 takes the last one's, a global's too.
  const own = Symbol('host')
  const controllers = services.map((service) => apiController(service, mount, own))
  const clients = [...services, ...uses]
  const hosts = [hostProvider(own, services, controllers), { provide: MOUNT_HOST, useExisting: own }]
  const providers = [...(definition.providers ?? []), ...hosts, ...clientsFrom([own], clients)]
  const exports = [own, MOUNT_HOST, ...clients.map(getServiceToken)]
  const inner = { ...definition, global: isGlobal, providers, exports }
  // Nest makes all providers of a module before it makes guards and the like of its controllers.
  const place = {
    provide: Symbol('place'),
    inject: [ModulesContainer],
    useFactory: (modules: ModulesContainer) => openPlace(controllers, modules),
  }
  return { module: ServeModule, imports: [inner], exports: [inner], controllers, providers: [place] }
}

/** Looks at services as a mount does: nothing comes of it. */
function tryMount(services: Services, uses: Services): Mount {
  const mount = createMount(services, { uses, dependencies: 'inline', scope: {} })
  void mount.close()
  return mount
}

type HostInjected = [HttpAdapterHost, ModuleRef, ModulesContainer, options?: ServeOptions]

function hostProvider(provide: string | symbol, services: Services, controllers: Type[] = []): FactoryProvider {
  const useFactory = (...[adapterHost, ref, modules, options = {}]: HostInjected) => {
    checkOptions(options, OPTIONS, 'what the factory of ServeModule.forRootAsync() gave')
    for (const controller of controllers) setPrefix(controller, options.prefix ?? '')
    const pathOf: MountOptions['pathOf'] = (route) => routePath(route, { controllers, module: ServeModule, ref })
    return new MountHost(services, { ...options, pathOf, scope: modules }, adapterHost)
  }
  const inject = [HttpAdapterHost, ModuleRef, ModulesContainer, { token: MODULE_OPTIONS_TOKEN, optional: true }]
  return { provide, inject, useFactory }
}

/** Of the last host that there is. */
function clientsFrom(inject: NonNullable<FactoryProvider['inject']>, services: Services): FactoryProvider[] {
  return services.map((service) => ({
    provide: getServiceToken(service),
    inject,
    // What nobody asks for, as when a test overrides it, is never started.
    useFactory: (own: MountHost, root = own) => root.mount.use(service),
  }))
}
