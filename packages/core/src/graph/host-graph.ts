import { createError } from '../errors/service-error.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { buildGraph } from './build-graph.js'
import type { GraphNode, ServiceGraph } from './service-graph.js'

/** The graph of a host app: the app itself, by its name, over the services it calls. Throws as `buildGraph` does. */
export function hostGraph(name: string, used: readonly ServiceDefinition[], open = false): ServiceGraph {
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
  return { entry: name, nodes: [...nodes.values(), app], elsewhere: [], ...(open && { open }) }
}

/** What two workers of one app call, together, or one of them by and by; the first graph itself where the second says nothing new. */
export function joinHostGraphs(first: ServiceGraph, second: ServiceGraph): ServiceGraph {
  const app = appOf(first)
  const called = new Set(app.dependencies.map(({ service }) => service))
  const added = appOf(second).dependencies.filter(({ service }) => !called.has(service))
  const open = first.open === true && second.open === true
  if (added.length === 0 && open === (first.open === true)) return first
  const nodes = new Map<string, GraphNode>()
  for (const node of [...first.nodes, ...second.nodes]) if (node.name !== app.name) nodes.set(node.name, node)
  const { entry, elsewhere } = first
  const joined = [...nodes.values(), { ...app, dependencies: [...app.dependencies, ...added] }]
  return { entry, nodes: joined, elsewhere, ...(open && { open }) }
}

function appOf({ nodes }: ServiceGraph): GraphNode {
  return nodes.at(-1) as GraphNode
}
