import { PoolClient } from '../../../call/pool-client.js'
import type { CallTransport } from '../../../call/service-client.js'
import { decodeError } from '../../../errors/error-codec.js'
import { createError } from '../../../errors/service-error.js'
import { buildGraph, definitionsByName } from '../../../graph/build-graph.js'
import { hostGraph } from '../../../graph/host-graph.js'
import type { ServiceGraph } from '../../../graph/service-graph.js'
import { lateTransport } from '../../../hosting/late-transport.js'
import type { PoolSnapshot, PoolsMessage, StartMessage, WorkerIdentity } from '../../../ipc/protocol.js'
import type { WorkerCounts } from '../../../metrics/worker-counts.js'
import type { Logger } from '../../../observe/logger.js'
import type { ServiceDefinition } from '../../../service/service-definition.js'
import { Changes } from '../../../util/changes.js'
import { type Deferred, deferred } from '../../../util/deferred.js'

export interface AppPoolsOptions {
  /** Has the supervisor start what was announced; resolves with its word to go on. */
  readonly connect: () => Promise<StartMessage>
  /** Tells the supervisor of more than it has planned: once for all that is told of at one moment. */
  readonly announce: () => void
  /** The app has asked for one more, before the supervisor's word to go on. */
  readonly onUse: () => void
  readonly counts: WorkerCounts
}

/** The services that a host app calls: announced until its graph is known, called from when the supervisor says so. */
export class AppPools {
  readonly #options: AppPoolsOptions
  readonly #used = new Map<string, ServiceDefinition>()
  readonly #transports = new Map<string, CallTransport>()
  readonly #clients = new Map<string, PoolClient>()
  /** Announced after the plan. */
  readonly #added = new Set<string>()
  readonly #changes = new Changes()
  readonly #waiting = new Map<string, Deferred<void>>()
  #graph: ServiceGraph | undefined
  #started: Started | undefined
  #isSealed = false
  /** The supervisor's answer to the whole graph, where it had a part of it before. */
  #closing: Deferred<void> | undefined
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
    if (this.#isSealed && this.#started?.start.pools[name] === undefined) throw this.#notPlanned(name)
    this.#used.set(name, definition)
    const transport = lateTransport(() => this.#client(name))
    this.#transports.set(name, transport)
    if (this.#started === undefined) this.#options.onUse()
    else this.#addClients()
    return transport
  }

  /** What the app calls, so far. */
  graph(app: string): ServiceGraph {
    this.#graph = hostGraph(app, [...this.#used.values()], !this.#isSealed)
    return this.#graph
  }

  /** The app has been built: what was not announced by now is in no plan. */
  seal(): void {
    this.#isSealed = true
  }

  /** Resolves when all that was announced after the first plan is planned, and ready. Not before the supervisor's word to go on. */
  async whenReady(): Promise<void> {
    if (this.#graph?.open === true) {
      this.#closing = deferred()
      this.#options.announce()
      await this.#closing.promise
    }
    await this.whenJoined()
  }

  /** Resolves when all that was announced after the first plan is ready. */
  whenJoined(): Promise<void> {
    return this.#changes.until(() => [...this.#added].every((name) => (this.#snapshot.pools[name]?.length ?? 0) > 0))
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
  connect(start: StartMessage, worker: Pick<Started, 'identity' | 'log'>): void {
    this.#started = { start, ...worker }
    this.#addClients()
    this.update(start.snapshot)
  }

  /** What was announced later has pools as well; or there can be none. */
  extend({ pools, isWhole, error }: PoolsMessage): void {
    const started = this.#started
    if (started === undefined) return
    this.#started = { ...started, start: { ...started.start, pools: { ...started.start.pools, ...pools } } }
    if (error === undefined) this.#addClients()
    if (error !== undefined) this.#closing?.reject(decodeError(error))
    else if (isWhole) this.#closing?.resolve()
    for (const [name, waiting] of this.#waiting) {
      if (error !== undefined) waiting.reject(decodeError(error))
      else if (!this.#clients.has(name)) continue
      else waiting.resolve()
      this.#waiting.delete(name)
    }
  }

  update(snapshot: PoolSnapshot): void {
    if (snapshot.version <= this.#snapshot.version) return
    this.#snapshot = snapshot
    this.#changes.tell()
    for (const [name, client] of this.#clients) client.update(snapshot.pools[name] ?? [], snapshot.lost)
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

  /** Does the app wait for an answer of one of them? */
  get areWaitedFor(): boolean {
    return [...this.#clients.values()].some(({ isWaitedFor }) => isWaitedFor)
  }

  /** They keep the process alive no longer; calls go on. */
  unref(): void {
    for (const client of this.#clients.values()) client.unref()
  }

  end(): void {
    for (const client of this.#clients.values()) client.close()
  }

  async #client(name: string): Promise<CallTransport> {
    await this.#options.connect()
    if (!this.#clients.has(name)) await this.#planned(name)
    const client = this.#clients.get(name)
    if (client === undefined) throw this.#notPlanned(name)
    return client
  }

  /** Resolves when a service that was announced after the plan has a pool. */
  #planned(name: string): Promise<void> {
    const waiting = this.#waiting.get(name) ?? deferred()
    this.#waiting.set(name, waiting)
    return waiting.promise
  }

  /** Those that the plan knows by now; where it lacks one, it is announced. */
  #addClients(): void {
    const { start, identity, log } = this.#started as Started
    const missing: string[] = []
    for (const [name, definition] of this.#used) {
      const settings = start.pools[name]
      if (this.#clients.has(name)) continue
      if (settings === undefined) {
        missing.push(name)
        continue
      }
      const { generation } = identity
      const schemaHash = schemaHashOf(definition)
      const counts = this.#options.counts.callsTo(name)
      const client = new PoolClient({ service: name, settings, generation, schemaHash, log, counts })
      client.update(this.#snapshot.pools[name] ?? [])
      this.#clients.set(name, client)
    }
    if (missing.length === 0) return
    for (const name of missing) this.#added.add(name)
    this.#options.announce()
  }

  #notPlanned(service: string): Error {
    return createError('EKB_ERR_SERVICE_NOT_PLANNED', { service, from: this.#graph?.entry ?? 'the app' })
  }
}

interface Started {
  readonly start: StartMessage
  readonly identity: WorkerIdentity
  readonly log: Logger
}

function schemaHashOf(definition: ServiceDefinition): string {
  return buildGraph(definition).nodes.find(({ name }) => name === definition.name)?.schemaHash ?? ''
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
