import { PoolClient } from '../../../call/pool-client.js'
import type { CallTransport } from '../../../call/service-client.js'
import { createError } from '../../../errors/service-error.js'
import { definitionsByName } from '../../../graph/build-graph.js'
import { hostGraph } from '../../../graph/host-graph.js'
import type { GraphNode, ServiceGraph } from '../../../graph/service-graph.js'
import { lateTransport } from '../../../hosting/late-transport.js'
import type { PoolSnapshot, StartMessage, WorkerIdentity } from '../../../ipc/protocol.js'
import type { WorkerCounts } from '../../../metrics/worker-counts.js'
import type { Logger } from '../../../observe/logger.js'
import type { ServiceDefinition } from '../../../service/service-definition.js'

export interface AppPoolsOptions {
  /** Has the supervisor start what was announced; resolves with its word to go on. */
  readonly connect: () => Promise<StartMessage>
  readonly counts: WorkerCounts
}

/** The services that a host app calls: announced until its graph is known, called from when the supervisor says so. */
export class AppPools {
  readonly #options: AppPoolsOptions
  readonly #used = new Map<string, ServiceDefinition>()
  readonly #transports = new Map<string, CallTransport>()
  readonly #clients = new Map<string, PoolClient>()
  #graph: ServiceGraph | undefined
  #mainDeclares = false
  #snapshot: PoolSnapshot = { version: -1, pools: {} }

  constructor(options: AppPoolsOptions) {
    this.#options = options
  }

  /** What carries calls to the service's pool: they wait until it is there. */
  use(definition: ServiceDefinition): CallTransport {
    const { name } = definition
    const known = this.#transports.get(name)
    if (known !== undefined) return known
    if (this.#graph !== undefined)
      throw createError('EKB_ERR_SERVICE_NOT_PLANNED', { service: name, from: this.#graph.entry })
    this.#used.set(name, definition)
    const transport = lateTransport(() => this.#client(name))
    this.#transports.set(name, transport)
    return transport
  }

  /** From now on the graph is known: what was not announced is in no plan. */
  close(app: string): ServiceGraph {
    this.#graph ??= hostGraph(app, [...this.#used.values()])
    return this.#graph
  }

  /** The main file can be run for the services that it declares: it calls `bootstrapProduction`, where that ends. */
  allowMain(): void {
    this.#mainDeclares = true
  }

  /** By service name: the file that a worker of its pool imports. */
  modules(main: string): Readonly<Record<string, string>> {
    const modules: Record<string, string> = {}
    for (const used of this.#used.values()) {
      for (const { name, module } of definitionsByName(used).values()) {
        if (module === undefined || (isSame(module, main) && !this.#mainDeclares)) throw noModule(name, module)
        modules[name] = module
      }
    }
    return modules
  }

  /** The supervisor's word to go on: how the pools are to be called, and which of their workers are ready. */
  connect(start: StartMessage, { identity, log }: { readonly identity: WorkerIdentity; readonly log: Logger }): void {
    for (const name of this.#used.keys()) {
      const settings = start.pools[name]
      const node = this.#node(name)
      if (settings === undefined || node === undefined) continue
      const { generation } = identity
      const counts = this.#options.counts.callsTo(name)
      this.#clients.set(
        name,
        new PoolClient({ service: name, settings, generation, schemaHash: node.schemaHash, log, counts }),
      )
    }
    this.update(start.snapshot)
  }

  update(snapshot: PoolSnapshot): void {
    if (snapshot.version <= this.#snapshot.version) return
    this.#snapshot = snapshot
    for (const [name, client] of this.#clients) client.update(snapshot.pools[name] ?? [])
  }

  /** Is there another worker of the app that is ready? */
  hasPeers({ service, slot }: WorkerIdentity): boolean {
    return this.#snapshot.pools[service]?.some((member) => member.slot !== slot) === true
  }

  /** Has each pool of the graph a ready worker? */
  get complete(): boolean {
    const pools = this.#graph?.nodes.filter(({ name }) => name !== this.#graph?.entry) ?? []
    return pools.every(({ name }) => (this.#snapshot.pools[name]?.length ?? 0) > 0)
  }

  end(): void {
    for (const client of this.#clients.values()) client.close()
  }

  async #client(name: string): Promise<CallTransport> {
    await this.#options.connect()
    const client = this.#clients.get(name)
    if (client === undefined)
      throw createError('EKB_ERR_SERVICE_NOT_PLANNED', { service: name, from: this.#graph?.entry ?? 'the app' })
    return client
  }

  #node(name: string): GraphNode | undefined {
    return this.#graph?.nodes.find((node) => node.name === name)
  }
}

function isSame(module: string, main: string): boolean {
  return module === main || module === `file://${main}`
}

function noModule(service: string, module: string | undefined): Error {
  const reason =
    module === undefined
      ? 'the file that declares it is not known'
      : `it is declared in the app's own main file, ${module}, which would start the app again`
  return createError('EKB_ERR_SERVICE_NO_MODULE', { service, reason })
}
