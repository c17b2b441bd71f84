import { createError } from '../errors/service-error.js'
import type { DependencyDefinition, ServiceDefinition } from '../service/service-definition.js'
import { constructorParameters } from './constructor-parameters.js'
import { resolveTarget } from './resolve-target.js'
import { schemaHash } from './schema-hash.js'
import type { GraphEdge, GraphNode, RemoteEdge, ServiceGraph } from './service-graph.js'

/** The graph below a service as plain data: dependencies before their dependents, the entry last. */
export function buildGraph(root: ServiceDefinition): ServiceGraph {
  const nodes = walk(root).map(toNode)
  return { entry: root.name, nodes }
}

/** Every service of the graph by its name, for workers: each finds the one it runs. */
export function definitionsByName(root: ServiceDefinition): Map<string, ServiceDefinition> {
  return new Map(walk(root).map(({ definition }) => [definition.name, definition]))
}

interface LocalEdge extends GraphEdge {
  readonly definition: ServiceDefinition
}

/** A service with its edges followed. */
interface Visit {
  readonly definition: ServiceDefinition
  readonly locals: readonly LocalEdge[]
  readonly remotes: readonly RemoteEdge[]
  /** How many of `locals` have been entered. */
  next: number
}

/** Depth first with a stack of its own: a graph may be deeper than the call stack. */
function walk(root: ServiceDefinition): Visit[] {
  const finished: Visit[] = []
  const byName = new Map<string, ServiceDefinition>()
  const open = new Set<ServiceDefinition>()
  const stack: Visit[] = []

  const enter = (definition: ServiceDefinition): void => {
    if (open.has(definition)) throw cycleError(stack, definition)
    if (!claimName(byName, definition)) return
    open.add(definition)
    stack.push(followEdges(definition))
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

function followEdges(definition: ServiceDefinition): Visit {
  const locals: LocalEdge[] = []
  const remotes: RemoteEdge[] = []
  for (const [property, dependency] of Object.entries(definition.dependencies)) {
    const target = followEdge(definition, property, dependency)
    const { optional } = dependency
    if (target.type === 'remote') {
      remotes.push({ property, url: target.remote.url, optional })
    } else {
      locals.push({ property, service: target.definition.name, optional, definition: target.definition })
    }
  }
  return { definition, locals, remotes, next: 0 }
}

function followEdge({ name }: ServiceDefinition, property: string, dependency: DependencyDefinition) {
  const target = resolveTarget(dependency.target)
  if (target.type === 'unknown') {
    throw createError('EKB_ERR_GRAPH_DEPENDENCY_UNKNOWN', { service: name, property, received: target.received })
  }
  return target
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
    remotes,
    settings: definition.settings,
    schemaHash: schemaHash(definition),
    constructorParameters: definition.create === undefined ? constructorParameters(definition.userClass) : 0,
    deploys: typeof (definition.userClass as { onDeploy?: unknown }).onDeploy === 'function',
  }
}
