import { createError } from '../../errors/service-error.js'
import { buildGraph, definitionsByName } from '../../graph/build-graph.js'
import type { ServiceGraph } from '../../graph/service-graph.js'
import { loadModule } from '../../identifier/load-module.js'
import { resolveDefinition } from '../../identifier/resolve-service.js'
import type { InitMessage, ServiceSource } from '../../ipc/protocol.js'
import { registeredServices } from '../../service/registry.js'
import type { ServiceDefinition } from '../../service/service-definition.js'

export interface WorkerService {
  /** The service this worker runs. */
  readonly definition: ServiceDefinition
  /** Every service of the graph, by name. */
  readonly definitions: ReadonlyMap<string, ServiceDefinition>
  readonly graph: ServiceGraph
  readonly schemaHash: string
}

/** Imports the user's module and finds the service this worker is to run. Rejects with a coded error. */
export async function loadWorkerService({ source, identity }: InitMessage): Promise<WorkerService> {
  const root = await loadRoot(source)
  const graph = buildGraph(root)
  const definitions = definitionsByName(root)
  const name = identity.service === '' ? graph.entry : identity.service
  const definition = definitions.get(name)
  const node = graph.nodes.find((candidate) => candidate.name === name)
  if (definition === undefined || node === undefined) {
    throw createError('EKB_ERR_WORKER_PROTOCOL', { reason: `the module declares no service '${name}' any more` })
  }
  return { definition, definitions, graph, schemaHash: node.schemaHash }
}

async function loadRoot(source: ServiceSource): Promise<ServiceDefinition> {
  if (source.type === 'identifier') return (await resolveDefinition(source.identifier, source.workingDir)).definition
  await loadModule(source.module)
  const found = registeredServices().find((definition) => definition.name === source.entry)
  if (found !== undefined) return found
  const reason = `importing ${source.module} does not declare it`
  throw createError('EKB_ERR_SERVICE_NO_MODULE', { service: source.entry, reason })
}
