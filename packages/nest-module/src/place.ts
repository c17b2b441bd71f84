import type { ServiceClass } from '@ekiben/core'
import type { Type } from '@nestjs/common'
import type { ModulesContainer } from '@nestjs/core'

/** Metadata of a generated controller: the service it stands for. */
export const SERVICE_OF_CONTROLLER = 'ekiben:service'

export type NestModule = NonNullable<ReturnType<ModulesContainer['get']>>

/** Where a service belongs: the module that imports the one with its controller. */
export function placeOf(service: ServiceClass, modules: readonly NestModule[]): NestModule | undefined {
  const isOf = (controller: object): boolean => Reflect.getMetadata(SERVICE_OF_CONTROLLER, controller) === service
  const mounting = modules.filter(({ controllers }) => [...controllers.keys()].some((each) => isOf(each as Type)))
  return modules.find(({ imports }) => mounting.some((module) => imports.has(module)))
}

/**
 * Lets the module of these controllers see whatever the module that imports it sees, exported or not: guards, pipes,
 * interceptors and filters of a service are made there, and have the dependencies that the service has. Comes before
 * Nest makes them.
 */
export function openPlace(controllers: readonly Type[], container: ModulesContainer): void {
  const modules = [...container.values()]
  const mounting = modules.find((module) => controllers.some((each) => module.controllers.has(each as never)))
  const place = modules.find(({ imports }) => mounting && imports.has(mounting))
  if (mounting && place) mounting.imports.add(withAllExported(place))
}

/** Looked at by the module that imports it alone; the others see of the module what it exports. */
function withAllExported(module: NestModule): NestModule {
  return Object.create(module, { exports: { value: { has: () => true } } }) as NestModule
}
