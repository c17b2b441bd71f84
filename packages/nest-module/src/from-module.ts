import type { ServiceClass, ServiceOptions } from '@ekiben/core'
import { closeAfter, createError, serviceName } from '@ekiben/core/adapter'
import type { DynamicModule, Type } from '@nestjs/common'
import { ModuleRef, ModulesContainer, NestFactory } from '@nestjs/core'
import { type NestModule, placeOf } from './place.js'
import { refuseRequestScope } from './request-scope.js'

/** Marks what `fromModule` made, by a name that both builds of this package know. */
const kFromModule: unique symbol = Symbol.for('ekiben.nest.from-module') as never

type Create = (service: ServiceClass) => Promise<never>
type ModuleClass = Type | DynamicModule

/** Nest's own, such as `logger`. */
type ContextOptions = NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>

/**
 * Lets a service that runs in a pool have providers: an application context of the module, in each worker, makes it, and
 * closes when it stops. In an app that mounts the service, the app itself makes it.
 *
 * @example
 * @service({ workers: 2, create: fromModule(() => PdfModule) })
 * export class PdfRenderer { constructor(@Inject(Fonts) fonts: Fonts) { … } }
 */
export function fromModule(load: () => ModuleClass | Promise<ModuleClass>, options: ContextOptions = {}): Create {
  const create: Create = async (service) => {
    const module = await load()
    // Nest would end the process where a provider cannot be made.
    const context = await NestFactory.createApplicationContext(module, { abortOnError: false, ...options })
    try {
      const modules = [...context.get(ModulesContainer).values()]
      const root = modules.find(({ metatype }) => metatype === ('module' in module ? module.module : module))
      return closeAfter(await makeInstance(service, modules, root), () => context.close()) as never
    } catch (error) {
      await context.close()
      throw error
    }
  }
  return Object.assign(create, { [kFromModule]: true })
}

/**
 * The instance of a mounted service: the one that a module of the app provides; else made by its own `create`; else made
 * by Nest, as if the module that mounts it had it among its providers.
 */
export function makeMounted(service: ServiceClass, create: ServiceOptions['create'], all: ModulesContainer): unknown {
  const modules = [...all.values()]
  if (create !== undefined && !(kFromModule in create) && !providerOf(service, modules)) return create(service)
  return makeInstance(service, modules, placeOf(service, modules))
}

/** The instance that a module provides, else one made in `place`. */
async function makeInstance(service: ServiceClass, modules: NestModule[], place?: NestModule): Promise<object> {
  const owner = providerOf(service, modules)
  const ref = (owner ?? place)?.getProviderByKey(ModuleRef).instance as ModuleRef
  refuseRequestScope(service, ref)
  if (owner !== undefined) return ref.get(service, { strict: true })
  // Nest leaves out in silence what no compiler and no `@Inject()` names.
  const types: unknown[] = Reflect.getMetadata('design:paramtypes', service) ?? []
  const own: { index: number }[] = Reflect.getMetadata('self:paramtypes', service) ?? []
  const count = service.length - Math.max(types.length, ...own.map(({ index }) => index + 1))
  if (count > 0) throw createError('EKB_ERR_NEST_CONSTRUCTOR', { service: serviceName(service, 'ServeModule'), count })
  return ref.create(service as never)
}

function providerOf(service: ServiceClass, modules: readonly NestModule[]): NestModule | undefined {
  return modules.find(({ providers }) => providers.has(service as never))
}
