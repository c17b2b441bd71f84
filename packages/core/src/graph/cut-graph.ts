import { createError } from '../errors/service-error.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { nearNames } from '../util/near-names.js'
import { hideCredentials } from '../util/parse-remote-url.js'
import { followEdges } from './follow-edges.js'
import type { GraphCut } from './graph-cut.js'

/** The service that is the entry of what runs here. Throws where the cut does not fit the services of the graph. */
export function entryOfCut(root: ServiceDefinition, services: readonly ServiceDefinition[], cut: GraphCut) {
  const entry = cut.only === undefined ? root : services.find(({ name }) => name === cut.only)
  const names = services.map(({ name }) => name)
  if (entry === undefined) {
    const service = String(cut.only)
    throw createError('EKB_ERR_SERVICE_UNKNOWN', { service, near: near(service, names) })
  }
  for (const [name, { url, source }] of Object.entries(cut.depends)) {
    const key = `depends.${name}`
    if (!names.includes(name)) throw createError('EKB_ERR_CONFIG_UNKNOWN', { source, key, near: near(name, names) })
    if (name !== entry.name) continue
    const expected = `the name of a service that '${name}' depends on: '${name}' itself is served here`
    throw createError('EKB_ERR_CONFIG_INVALID', { source, key, value: hideCredentials(url), expected })
  }
  if (cut.only !== undefined) refuseMissing(entry, cut)
  return entry
}

/** Served alone, it needs to know where the rest is. */
function refuseMissing(entry: ServiceDefinition, cut: GraphCut): void {
  const missing = new Set(followEdges(entry, cut).locals.map(({ service }) => service))
  if (missing.size > 0)
    throw createError('EKB_ERR_PLAN_ONLY_INCOMPLETE', { service: entry.name, missing: [...missing] })
}

/** Near names; for one that nothing is near to, some of those there are. */
function near(name: string, names: readonly string[]): string[] {
  const found = nearNames(name, names)
  return found.length > 0 ? found : names.slice(-3)
}
