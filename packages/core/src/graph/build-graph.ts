import { createError } from '../errors/service-error.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { hideCredentials } from '../util/parse-remote-url.js'
import { constructorParameters } from './constructor-parameters.js'
import { entryOfCut } from './cut-graph.js'
import { type Edges, followEdges, type RemoteDependency } from './follow-edges.js'
import { type GraphCut, WHOLE_GRAPH } from './graph-cut.js'
import { schemaHash } from './schema-hash.js'
import type { GraphNode, RemoteEdge, ServiceGraph } from './service-graph.js'

/** The part of the graph below a service that runs here, as plain data: dependencies before their dependents, the entry last. */
export function buildGraph(root: ServiceDefinition, cut: GraphCut = WHOLE_GRAPH): ServiceGraph {
  const whole = walk(root)
  const services = whole.map(({ definition }) => definition)
  const entry = entryOfCut(root, services, cut)
  const here = walk(entry, cut)
  const names = new Set(here.map(({ definition }) => definition.name))
  const elsewhere = services.map(({ name }) => name).filter((name) => !names.has(name))
  return { entry: entry.name, nodes: here.map(toNode), elsewhere }
}

/** Every service of the graph by its name, for workers: each finds the one it runs. */
export function definitionsByName(root: ServiceDefinition): Map<string, ServiceDefinition> {
  return new Map(walk(root).map(({ definition }) => [definition.name, definition]))
}

/** A service with its edges followed. */
interface Visit extends Edges {
  readonly definition: ServiceDefinition
  /** How many of `locals` have been entered. */
  next: number
}

/** Depth first with a stack of its own: a graph may be deeper than the call stack. */
function walk(root: ServiceDefinition, cut: GraphCut = WHOLE_GRAPH): Visit[] {
  const finished: Visit[] = []
  const byName = new Map<string, ServiceDefinition>()
  const open = new Set<ServiceDefinition>()
  const stack: Visit[] = []

  const enter = (definition: ServiceDefinition): void => {
    if (open.has(definition)) throw cycleError(stack, definition)
    if (!claimName(byName, definition)) return
    open.add(definition)
    stack.push({ definition, ...followEdges(definition, cut), next: 0 })
  }

  enter(root)
  for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
    const edge = visit.locals[visit.next++]
    if (edge !== undefined) {
      enter(edge.definition)
    } else {
      stack.pop()
      open.delete(visit.definition)
      finished.push(visit)
    }
  }
  return finished
}

/** False: the same service was met before. */
function claimName(byName: Map<string, ServiceDefinition>, definition: ServiceDefinition): boolean {
  const key = definition.name.toLowerCase()
  const holder = byName.get(key)
  if (holder === definition) return false
  if (holder !== undefined) {
    throw createError('EKB_ERR_GRAPH_NAME_CLASH', {
      name: definition.name,
      first: describeService(holder),
      second: describeService(definition),
    })
  }
  byName.set(key, definition)
  return true
}

function describeService({ name, module }: ServiceDefinition): string {
  return `'${name}' of ${module ?? 'an unknown module'}`
}

function cycleError(stack: readonly Visit[], again: ServiceDefinition): Error {
  const from = stack.findIndex(({ definition }) => definition === again)
  const path = stack.slice(from).map(({ definition }) => definition.name)
  return createError('EKB_ERR_GRAPH_CYCLE', { path: [...path, again.name] })
}

function toNode({ definition, locals, remotes }: Visit): GraphNode {
  return {
    name: definition.name,
    apis: Object.values(definition.apis).map(({ name, route, idempotent, stream }) => ({
      name,
      route,
      idempotent,
      stream,
    })),
    dependencies: locals.map(({ property, service, optional }) => ({ property, service, optional })),
    remotes: remotes.map(toRemoteEdge),
    settings: definition.settings,
    schemaHash: schemaHash(definition),
    constructorParameters: definition.create === undefined ? constructorParameters(definition.userClass) : 0,
    deploys: typeof (definition.userClass as { onDeploy?: unknown }).onDeploy === 'function',
  }
}

/** Everybody may see a graph: nobody's password is in it. */
function toRemoteEdge({ property, url, service, optional }: RemoteDependency): RemoteEdge {
  return { property, url: hideCredentials(url), optional, ...(service !== undefined && { service: service.name }) }
}
