import { createError } from '../errors/service-error.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { buildGraph } from './build-graph.js'
import type { GraphNode, ServiceGraph } from './service-graph.js'

/** The graph of a host app: the app itself, by its name, over the services it calls. Throws as `buildGraph` does. */
export function hostGraph(name: string, used: readonly ServiceDefinition[]): ServiceGraph {
  const nodes = new Map<string, GraphNode>()
  for (const definition of used) for (const node of buildGraph(definition).nodes) nodes.set(node.name, node)
  if (nodes.has(name))
    throw createError('EKB_ERR_GRAPH_NAME_CLASH', { name, first: 'the app', second: `service '${name}'` })
  const app: GraphNode = {
    name,
    apis: [],
    dependencies: used.map((definition) => ({ property: definition.name, service: definition.name, optional: false })),
    remotes: [],
    settings: {},
    schemaHash: '',
    constructorParameters: 0,
    deploys: false,
  }
  return { entry: name, nodes: [...nodes.values(), app], elsewhere: [] }
}
