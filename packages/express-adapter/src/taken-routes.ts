import { createError, type Mount } from '@ekiben/core/adapter'
import { type Handle, type Layer, matchLayer } from './app-chain.js'

/** Throws where the app answers what is to be an api's before the mount is asked: it would never be. */
export function refuseTaken({ routes }: Mount, chain: readonly Layer[], mountPath: unknown): void {
  const bases = [mountPath].flat().filter((each) => typeof each === 'string')
  for (const { method, path: route, api, service } of routes) {
    const path = bases.map((base) => `${base}${route}`.replace(/^\/+/, '/')).find((each) => takes(chain, each))
    if (api === undefined || path === undefined) continue
    throw createError('EKB_ERR_MOUNT_ROUTE_TAKEN', { api: `${service}.${api}`, method, path })
  }
}

function takes(chain: readonly Layer[], path: string): boolean {
  return chain.some((layer) => {
    const matched = matchLayer(layer, path)
    if (matched === undefined) return false
    const { route, handle } = layer
    if (route !== undefined) {
      return route.stack.some((each) => (each.method ?? 'post') === 'post' && isLast(each.handle))
    }
    return handle.stack === undefined ? isLast(handle) : takes(handle.stack, matched.rest)
  })
}

/** None at all says nothing: `(...all) => …` may hand on. */
function isLast({ length }: Handle): boolean {
  return length === 1 || length === 2
}
