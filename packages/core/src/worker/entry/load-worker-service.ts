import { realpathSync } from 'node:fs'
import { runEntryForServices } from '../../bootstrap/entry-role.js'
import { createError } from '../../errors/service-error.js'
import { buildGraph, definitionsByName } from '../../graph/build-graph.js'
import { followEdges, type RemoteDependency } from '../../graph/follow-edges.js'
import type { GraphCut } from '../../graph/graph-cut.js'
import type { ServiceGraph } from '../../graph/service-graph.js'
import { loadModule } from '../../identifier/load-module.js'
import { resolveDefinition } from '../../identifier/resolve-service.js'
import type { InitMessage, LocatedEntry, ServiceSource } from '../../ipc/protocol.js'
import { registeredServices } from '../../service/registry.js'
import type { ServiceDefinition } from '../../service/service-definition.js'

export interface WorkerService {
  /** The service this worker runs. */
  readonly definition: ServiceDefinition
  /** Every service of the graph, by name. */
  readonly definitions: ReadonlyMap<string, ServiceDefinition>
  readonly graph: ServiceGraph
  /** What this service calls that runs elsewhere. */
  readonly remotes: readonly RemoteDependency[]
  readonly schemaHash: string
  /** Where the entry service of the graph was found. */
  readonly located: LocatedEntry
  /** Which part of the graph runs here; undefined: all of it. */
  readonly cut: GraphCut | undefined
}

export interface LoadedRoot {
  readonly root: ServiceDefinition
  readonly located: LocatedEntry
}

/** Imports the user's module and finds the service this worker is to run. Rejects with a coded error. */
export async function loadWorkerService({ source, identity }: InitMessage): Promise<WorkerService> {
  return workerService(await loadRoot(source), { cut: source.cut, service: identity.service })
}

/** `service`: which of the graph it is; empty: the entry of it. */
export function workerService(
  { root, located }: LoadedRoot,
  { cut, service = '' }: { readonly cut?: GraphCut | undefined; readonly service?: string },
): WorkerService {
  const graph = buildGraph(root, cut)
  const definitions = definitionsByName(root)
  const name = service === '' ? graph.entry : service
  const definition = definitions.get(name)
  const node = graph.nodes.find((candidate) => candidate.name === name)
  if (definition === undefined || node === undefined) {
    throw createError('EKB_ERR_WORKER_PROTOCOL', { reason: `the module declares no service '${name}' any more` })
  }
  const { remotes } = followEdges(definition, cut)
  return { definition, definitions, graph, remotes, schemaHash: node.schemaHash, located, cut }
}

/** The service that the source leads to. */
export async function loadRoot(source: ServiceSource): Promise<LoadedRoot> {
  if (source.type === 'identifier') {
    const { identifier, workingDir, located } = source
    const { definition, file, exportName } = await resolveDefinition(identifier, workingDir, located)
    return { root: definition, located: { file: realpathSync(file), exportName } }
  }
  if (source.type === 'main') throw createError('EKB_ERR_WORKER_PROTOCOL', { reason: 'it was to run a host app' })
  await Promise.race([loadModule(source.module), runEntryForServices()])
  const root = registeredServices().find((definition) => definition.name === source.entry)
  if (root !== undefined) return { root, located: { file: source.module, exportName: source.entry } }
  const reason = `importing ${source.module} does not declare it`
  throw createError('EKB_ERR_SERVICE_NO_MODULE', { service: source.entry, reason })
}
