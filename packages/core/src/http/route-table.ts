import { type FieldKinds, fieldKinds } from '../runner/field-kinds.js'
import { type SchemaKind, schemaKind } from '../runner/schema-kind.js'
import type { ApiDefinition, ServiceDefinition } from '../service/service-definition.js'
import { noRoute } from './no-route.js'
import { PAGE_FILES, type PagePath } from './page-files.js'

/** Paths of the host itself. GET and HEAD. */
export const SYSTEM_PATHS = [
  ...(['/livez', '/healthz', '/readyz', '/schema.json', '/docs.json', '/metrics'] as const),
  ...(Object.keys(PAGE_FILES) as PagePath[]),
] as const
export type SystemPath = (typeof SYSTEM_PATHS)[number]

export const DEFAULT_BODY_LIMIT_BYTES = 16 * 1024 * 1024

/** POST runs an api. */
export interface ApiRoute {
  readonly type: 'api'
  readonly path: string
  readonly api: ApiDefinition
  /** What the input schema asks of the body. */
  readonly input: SchemaKind
  /** What it asks of the fields of a form. */
  readonly fields: FieldKinds
  readonly bodyLimitBytes: number
}

export interface SystemRoute {
  readonly type: 'system'
  readonly path: SystemPath
}

export type Route = ApiRoute | SystemRoute

/** The routes of one service: which of them a request means. */
export class RouteTable {
  readonly #apis: ReadonlyMap<string, ApiRoute>
  readonly #systems: ReadonlyMap<string, SystemRoute>

  /** `systemPaths`: those of the host's own routes that answer here. */
  constructor(definition: ServiceDefinition, systemPaths: readonly SystemPath[] = SYSTEM_PATHS) {
    this.#apis = new Map(Object.values(definition.apis).map((api) => [api.route, apiRoute(api)]))
    this.#systems = new Map(systemPaths.map((path) => [path, { type: 'system', path }]))
  }

  /** The route of a request; throws 404 and 405, with near names and what is allowed. */
  match(method: string, target: string): Route {
    if (method === 'POST') {
      const route = this.#apis.get(target)
      if (route !== undefined) return route
    }
    const path = pathOf(target)
    const route = this.find(method, path)
    if (route === undefined) throw noRoute(method, path, { apis: this.#apis, systems: this.#systems })
    return route
  }

  /** The route for exactly this method and path. */
  find(method: string, path: string): Route | undefined {
    if (method === 'POST') return this.#apis.get(path)
    return method === 'GET' || method === 'HEAD' ? this.#systems.get(path) : undefined
  }
}

/** The path that was asked for: where a framework has mounted a handler, `url` is shorter than that. */
export function askedPath(incoming: { readonly url?: string | undefined; readonly originalUrl?: string }): string {
  return pathOf(incoming.originalUrl ?? incoming.url ?? '/')
}

/** The path of a request target: without its query, and without the origin that a proxy's client sends. */
export function pathOf(target: string): string {
  let path = target
  if (!path.startsWith('/')) path = path.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '') || '/'
  const end = path.search(/[?#]/)
  if (end !== -1) path = path.slice(0, end) || '/'
  if (!path.includes('%')) return path
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}

/** How an api is served. */
export function apiRoute(api: ApiDefinition): ApiRoute {
  const bodyLimitBytes = api.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES
  const { input } = api
  return { type: 'api', path: api.route, api, input: schemaKind(input), fields: fieldKinds(input), bodyLimitBytes }
}
