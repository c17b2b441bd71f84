import { createError } from '../errors/service-error.js'
import type { DependencyDefinition, ServiceDefinition } from '../service/service-definition.js'
import { elsewhere, type GraphCut, WHOLE_GRAPH } from './graph-cut.js'
import { describeValue, resolveTarget } from './resolve-target.js'
import type { GraphEdge } from './service-graph.js'

export interface LocalEdge extends GraphEdge {
  readonly definition: ServiceDefinition
}

/** A dependency that is called where it runs: elsewhere. */
export interface RemoteDependency {
  readonly property: string
  readonly optional: boolean
  /** As it was given: user and password may be in it. */
  readonly url: string
  /** What is known of it here; undefined: it has to be asked. */
  readonly service: ServiceDefinition | undefined
  /** In lower case. */
  readonly forwardHeaders: readonly string[]
}

export interface Edges {
  readonly locals: readonly LocalEdge[]
  readonly remotes: readonly RemoteDependency[]
}

/** What a service depends on, and where that runs. Throws EKB_ERR_GRAPH_DEPENDENCY_UNKNOWN for what is no service. */
export function followEdges(definition: ServiceDefinition, cut: GraphCut = WHOLE_GRAPH): Edges {
  const locals: LocalEdge[] = []
  const remotes: RemoteDependency[] = []
  for (const property of Object.keys(definition.dependencies)) {
    const edge = followEdge(definition, property)
    if ('url' in edge) {
      remotes.push(edge)
      continue
    }
    const { service, optional } = edge
    const place = elsewhere(cut, service)
    if (place !== undefined) {
      remotes.push({ property, optional, url: place.url, service: edge.definition, forwardHeaders: [] })
    } else if (cut.only === undefined || !optional) {
      // A service that is served alone starts without what it can do without.
      locals.push(edge)
    }
  }
  return { locals, remotes }
}

/** The same, of one of its dependencies, as it is declared. */
export function followEdge({ name, dependencies }: ServiceDefinition, property: string): LocalEdge | RemoteDependency {
  const { target, optional } = dependencies[property] as DependencyDefinition
  const resolved = resolveTarget(target)
  if (resolved.type === 'service') {
    const { definition } = resolved
    return { property, service: definition.name, optional, definition }
  }
  if (resolved.type === 'unknown') throw unknown(name, property, resolved.received)
  const { url, service, forwardHeaders = [] } = resolved.remote
  const known = service === undefined ? undefined : resolveTarget(service)
  if (known !== undefined && known.type !== 'service') {
    throw unknown(name, property, `a { url } whose service is ${describeValue(service)}`)
  }
  const lowered = forwardHeaders.map((header) => header.toLowerCase())
  return { property, optional, url, service: known?.definition, forwardHeaders: lowered }
}

function unknown(service: string, property: string, received: string): Error {
  return createError('EKB_ERR_GRAPH_DEPENDENCY_UNKNOWN', { service, property, received })
}
