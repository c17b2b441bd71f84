import type { ServiceClass, ServiceOptions } from '@ekiben/core'
import { createError, serviceName } from '@ekiben/core/adapter'
import { ModuleRef, type ModulesContainer } from '@nestjs/core'
import { kFromModule, SERVICE_OF_CONTROLLER } from './marks.js'

type NestModule = ReturnType<ModulesContainer['get']> & object

/**
 * The instance of a mounted service: the one that a module of the app provides; else made by its own `create`; else made
 * by Nest, as if the module that mounts it had it among its providers.
 */
export function makeMounted(
  service: ServiceClass,
  create: ServiceOptions['create'],
  modules: ModulesContainer,
): unknown {
  const all = [...modules.values()]
  if (create !== undefined && !(kFromModule in create) && providerOf(service, all) === undefined) return create(service)
  const mounting = all.filter(({ controllers }) =>
    [...controllers.keys()].some((controller) => Reflect.getMetadata(SERVICE_OF_CONTROLLER, controller) === service),
  )
  return makeInstance(
    service,
    all,
    all.filter(({ imports }) => mounting.some((module) => imports.has(module))),
  )
}

/** The instance that a module provides, else one made in the first of `places`. */
export async function makeInstance(
  service: ServiceClass,
  modules: readonly NestModule[],
  [place]: readonly NestModule[],
): Promise<unknown> {
  const owner = providerOf(service, modules)
  if (owner !== undefined) return refOf(owner).get(service, { strict: true })
  const missing = service.length - knownParameters(service)
  if (missing > 0) {
    throw createError('EKB_ERR_NEST_CONSTRUCTOR', { service: serviceName(service, 'ServeModule'), count: missing })
  }
  return refOf(place as NestModule).create(service as never)
}

function providerOf(service: ServiceClass, modules: readonly NestModule[]): NestModule | undefined {
  return modules.find(({ providers }) => providers.has(service as never))
}

function refOf(module: NestModule): ModuleRef {
  return module.getProviderByKey(ModuleRef).instance as ModuleRef
}

/** Of how many parameters Nest knows what to give: compilers and `@Inject()` say so. It leaves out the others in silence. */
function knownParameters(service: ServiceClass): number {
  const types: unknown[] = Reflect.getMetadata('design:paramtypes', service) ?? []
  const own: { index: number }[] = Reflect.getMetadata('self:paramtypes', service) ?? []
  return Math.max(types.length, ...own.map(({ index }) => index + 1))
}
