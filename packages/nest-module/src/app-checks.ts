import { inspect } from 'node:util'
import { createError, isService } from '@ekiben/core/adapter'
import { RequestMethod, type Type } from '@nestjs/common'
import { MetadataScanner, type ModulesContainer } from '@nestjs/core'
import { kApi } from './answer-api.js'

export const OF_POST: readonly unknown[] = [RequestMethod.POST, RequestMethod.ALL]

/** Throws for what Nest takes without a word: a service in the place of a module, and two routes of one path. */
export function checkApp(modules: ModulesContainer): void {
  const routes = [...modules.values()].flatMap(({ metatype, controllers }) => {
    if (isService(metatype)) throw createError('EKB_ERR_NEST_NOT_A_MODULE', { service: metatype.name })
    const below: string = Reflect.getMetadata(`__module_path__${modules.applicationId}`, metatype) ?? ''
    return [...controllers.keys()].flatMap((controller) => postRoutes(controller as Type, below))
  })
  const taken = routes.find(({ api, key }) => api && routes.filter((other) => other.key === key).length > 1)
  if (taken?.api) throw createError('EKB_ERR_MOUNT_ROUTE_TAKEN', { api: taken.api, method: 'POST', path: taken.path })
}

/** `key`: two routes that differ in it do not meet. */
type PostRoute = { readonly api: string | undefined; readonly path: string; readonly key: string }

/** As the decorators of a controller tell; a global prefix is the same for all. */
function postRoutes(controller: Type, below: string): PostRoute[] {
  const { prototype } = controller
  const pathsOf = (target: object): string[] => [Reflect.getMetadata('path', target)].flat()
  const names = new MetadataScanner().getAllMethodNames(prototype)
  const handlers = names.filter((name) => OF_POST.includes(Reflect.getMetadata('method', prototype[name])))
  return handlers.flatMap((name) => {
    const handler = prototype[name]
    const told = (key: string): unknown => Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller)
    const full = pathsOf(controller).flatMap((base) => pathsOf(handler).map((own) => `/${below}/${base}/${own}`))
    const paths = full.map((path) => path.replaceAll(/\/+(?=\/|$)/g, ''))
    return paths.map((path) => ({ api: handler[kApi], path, key: inspect([path, told('__version__'), told('host')]) }))
  })
}
