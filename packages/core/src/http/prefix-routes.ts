import type { ServiceDefinition } from '../service/service-definition.js'
import type { Mount } from './mount-table.js'

/** A service whose apis are below a path. */
export function prefixRoutes(definition: ServiceDefinition, prefix: string): ServiceDefinition {
  if (prefix === '') return definition
  const apis = Object.entries(definition.apis).map(
    ([name, api]) => [name, { ...api, route: prefix + api.route }] as const,
  )
  return { ...definition, apis: Object.fromEntries(apis) }
}

/** Handlers of the service's own, below a path as well. */
export function prefixMounts(mounts: readonly Mount[], prefix: string): readonly Mount[] {
  if (prefix === '') return mounts
  return mounts.map(({ path, handler }) => ({ path: path === '/' ? prefix : prefix + path, handler }))
}
