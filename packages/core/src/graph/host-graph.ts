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

/** What two workers of one app call, together; the first graph itself where the second has nothing that it lacks. */
export function joinHostGraphs(first: ServiceGraph, second: ServiceGraph): ServiceGraph {
  const app = appOf(first)
  const dependencies = [
    ...app.dependencies,
    ...appOf(second).dependencies.filter(({ service }) => app.dependencies.every((edge) => edge.service !== service)),
  ]
  if (dependencies.length === app.dependencies.length) return first
  const nodes = new Map<string, GraphNode>()
  for (const node of [...first.nodes, ...second.nodes]) if (node.name !== app.name) nodes.set(node.name, node)
  return { ...first, nodes: [...nodes.values(), { ...app, dependencies }] }
}

function appOf({ nodes }: ServiceGraph): GraphNode {
  return nodes.at(-1) as GraphNode
}
