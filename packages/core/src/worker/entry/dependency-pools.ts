import { PoolClient, type PoolClientOptions } from '../../call/pool-client.js'
import { createServiceClient } from '../../call/service-client.js'
import { requiredServices } from '../../graph/required-services.js'
import type { GraphNode } from '../../graph/service-graph.js'
import type { PoolSnapshot, StartMessage, WorkerIdentity } from '../../ipc/protocol.js'
import type { WorkerCounts } from '../../metrics/worker-counts.js'
import type { Logger } from '../../observe/logger.js'
import type { WorkerService } from './load-worker-service.js'

export interface DependencyPoolsOptions {
  readonly service: WorkerService
  readonly start: StartMessage
  readonly identity: WorkerIdentity
  readonly log: Logger
  readonly counts: WorkerCounts
  /** See WorkerSeat. */
  readonly connect?: PoolClientOptions['connect']
}

/** The pools this worker calls: one client a dependency, kept up to date by the supervisor's snapshots. */
export class DependencyPools {
  /** By property of the service: what the user calls. */
  readonly clients: Readonly<Record<string, unknown>>
  /** What this service cannot work without, whoever calls it. */
  readonly #required: ReadonlySet<string>
  readonly #pools = new Map<string, PoolClient>()
  #version = -1
  #ready: PoolSnapshot['pools'] = {}

  constructor({ service, start, identity, log, counts, connect }: DependencyPoolsOptions) {
    const own = service.graph.nodes.find((node) => node.name === service.definition.name) as GraphNode
    this.#required = requiredServices(service.graph.nodes, own.name)
    const clients: Record<string, unknown> = {}
    for (const { property, service: name } of own.dependencies) {
      const settings = start.pools[name]
      const definition = service.definitions.get(name)
      const schemaHash = service.graph.nodes.find((node) => node.name === name)?.schemaHash
      if (settings === undefined || definition === undefined || schemaHash === undefined) continue
      const { generation } = identity
      const toPool = { service: name, settings, generation, schemaHash, log, counts: counts.callsTo(name), connect }
      const pool = this.#pools.get(name) ?? new PoolClient(toPool)
      this.#pools.set(name, pool)
      clients[property] = createServiceClient(definition, pool)
    }
    this.clients = clients
    this.update(start.snapshot)
  }

  /** A snapshot that is older than the last one changes nothing. */
  update(snapshot: PoolSnapshot): void {
    if (snapshot.version <= this.#version) return
    this.#version = snapshot.version
    this.#ready = snapshot.pools
    for (const [name, pool] of this.#pools) pool.update(snapshot.pools[name] ?? [], snapshot.lost)
  }

  /** Has each of the services that are needed a ready worker, those below our dependencies too? */
  get complete(): boolean {
    return [...this.#required].every((name) => (this.#ready[name]?.length ?? 0) > 0)
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close()
  }
}
