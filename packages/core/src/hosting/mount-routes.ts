import { createError } from '../errors/service-error.js'
import { noRoute } from '../http/no-route.js'
import { type ApiRoute, apiRoute } from '../http/route-table.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { nearNames } from '../util/near-names.js'
import type { MountRoute } from './mount-types.js'

/** A route of a host with the api it runs. */
export interface MountedApi {
  readonly route: MountRoute
  readonly api: ApiRoute
  readonly definition: ServiceDefinition
}

/** The routes of a mount, by what hosts know of a request. */
export class RouteIndex {
  readonly routes: readonly MountRoute[]
  readonly #apis: readonly MountedApi[]
  readonly #byRoute: ReadonlyMap<MountRoute, MountedApi>
  readonly #byPath: ReadonlyMap<string, MountRoute>
  readonly #byName: ReadonlyMap<string, MountedApi>

  constructor(apis: readonly MountedApi[], others: readonly MountRoute[]) {
    this.routes = [...apis.map(({ route }) => route), ...others]
    this.#apis = apis
    this.#byRoute = new Map(apis.map((each) => [each.route, each]))
    this.#byPath = new Map(this.routes.map((route) => [`${route.method} ${route.path}`, route]))
    this.#byName = new Map(apis.map((each) => [`${each.route.service}.${each.route.api}`, each]))
  }

  /** Of one of these routes that is no other's. */
  apiOf(route: MountRoute): MountedApi {
    return this.#byRoute.get(route) as MountedApi
  }

  /** The api of that name: `Service.api`, or its name alone where no other service has one of it. */
  named(name: string): MountedApi {
    return this.#byName.get(name) ?? findApi(this.#apis, name)
  }

  /** The route for exactly this. */
  find(method: string, path: string): MountRoute | undefined {
    return this.#byPath.get(`${method === 'HEAD' ? 'GET' : method} ${path}`)
  }

  /** Why there is none. */
  refusal(method: string, path: string): Error {
    const pathsOf = (allowed: MountRoute['method']) =>
      new Map(this.routes.filter((route) => route.method === allowed).map((route) => [route.path, route]))
    return noRoute(method, path, { apis: pathsOf('POST'), systems: pathsOf('GET') })
  }
}

/** The routes of services that are mounted together. Throws EKB_ERR_PLAN_ROUTE_CLASH for two apis on one. */
export function mountedApis(definitions: readonly ServiceDefinition[], prefix: string): readonly MountedApi[] {
  const byPath = new Map<string, MountedApi>()
  for (const definition of definitions) {
    for (const definitionOfApi of Object.values(definition.apis)) {
      const api = apiRoute(definitionOfApi)
      const path = prefix + api.path
      const other = byPath.get(path)
      if (other !== undefined) throw clash(other, definition, api)
      byPath.set(path, { route: toRoute(path, definition, api), api, definition })
    }
  }
  return [...byPath.values()]
}

function findApi(apis: readonly MountedApi[], name: string): MountedApi {
  const found = apis.filter(({ route: { api, service } }) => api === name || `${service}.${api}` === name)
  if (found.length === 1) return found[0] as MountedApi
  const names = (of: readonly MountedApi[]) => of.map(({ route: { api, service } }) => `${service}.${api}`)
  const known = names(apis)
  throw createError('EKB_ERR_MOUNT_NO_API', {
    api: name,
    count: found.length,
    apis: found.length === 0 ? known : names(found),
    near: nearNames(name, known),
  })
}

function toRoute(path: string, definition: ServiceDefinition, { api, bodyLimitBytes }: ApiRoute): MountRoute {
  const { name, input, output, description } = api
  return {
    method: 'POST',
    path,
    api: name,
    service: definition.name,
    input,
    output,
    description,
    bodyLimit: bodyLimitBytes,
  }
}

function clash(other: MountedApi, definition: ServiceDefinition, api: ApiRoute): Error {
  const first = `${other.definition.name}.${other.api.api.name}`
  const second = `${definition.name}.${api.api.name}`
  const service = [...new Set([other.definition.name, definition.name])].join(' and ')
  return createError('EKB_ERR_PLAN_ROUTE_CLASH', { service, route: api.path, first, second })
}
