import type { ServiceClass } from '@ekiben/core'
import type { Type } from '@nestjs/common'
import type { ModulesContainer } from '@nestjs/core'

/** Metadata of a generated controller: the service it stands for. */
export const SERVICE_OF_CONTROLLER = 'ekiben:service'

export type NestModule = NonNullable<ReturnType<ModulesContainer['get']>>

/** Where a service belongs: the module that imports the one with its controller. */
export function placeOf(service: ServiceClass, modules: readonly NestModule[]): NestModule | undefined {
  const isOf = (controller: Type): boolean => Reflect.getMetadata(SERVICE_OF_CONTROLLER, controller) === service
  return findPlace(isOf, modules)?.place
}

/**
 * Lets the module of these controllers see whatever the module that imports it sees, exported or not: guards, pipes,
 * interceptors and filters of a service are made there, and have the dependencies that the service has. Comes before
 * Nest makes them.
 */
export function openPlace(controllers: readonly Type[], container: ModulesContainer): void {
  const found = findPlace((controller) => controllers.includes(controller), [...container.values()])
  found?.mounting.imports.add(withAllExported(found.place))
}

/** The first module that imports one with such a controller. */
function findPlace(isMeant: (controller: Type) => boolean, modules: readonly NestModule[]) {
  const all = modules.filter(({ controllers }) => [...controllers.keys()].some((each) => isMeant(each as Type)))
  for (const place of modules) {
    const mounting = all.find((module) => place.imports.has(module))
    if (mounting !== undefined) return { place, mounting }
  }
  return undefined
}

/** Looked at by the module that imports it alone; the others see of the module what it exports. */
function withAllExported(module: NestModule): NestModule {
  return Object.create(module, { exports: { value: { has: () => true } } }) as NestModule
}
