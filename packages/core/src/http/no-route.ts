import { createError } from '../errors/service-error.js'
import { nearNames } from '../util/near-names.js'

/** BentoML's task routes, below each api. */
const TASK_ROUTES = ['submit', 'status', 'get', 'retry', 'cancel']

/** The paths that are there, by what is allowed on them. */
export interface KnownPaths {
  /** POST. */
  readonly apis: PathSet
  /** GET and HEAD. */
  readonly systems: PathSet
}

type PathSet = Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>

/** Why a request has no route: 405 with what is allowed, or 404 with near names. */
export function noRoute(method: string, path: string, { apis, systems }: KnownPaths): Error {
  const allow = [...(systems.has(path) ? ['GET', 'HEAD'] : []), ...(apis.has(path) ? ['POST'] : [])]
  if (allow.length > 0) {
    const params = { method, path, allow: allow.join(', ') }
    return createError('EKB_ERR_METHOD_NOT_ALLOWED', params, { detail: { allow } })
  }
  const [, base, last] = /^(.*)\/([^/]*)$/.exec(path) ?? []
  if (last !== undefined && TASK_ROUTES.includes(last) && apis.has(base || '/')) {
    return createError('EKB_ERR_TASK_UNSUPPORTED', { path })
  }
  return createError('EKB_ERR_ROUTE_NOT_FOUND', {
    method,
    path,
    near: nearNames(path, [...apis.keys(), ...systems.keys()]),
  })
}
