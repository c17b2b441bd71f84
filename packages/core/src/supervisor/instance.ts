import { availableParallelism } from 'node:os'
import type { ServeSettings } from '../config/serve-settings.js'
import { EXIT } from '../errors/exit-codes.js'
import { createError } from '../errors/service-error.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import type { Logger } from '../observe/logger.js'
import type { ServePlan } from '../plan/serve-plan.js'
import { deferred } from '../util/deferred.js'
import { monotonicMs } from '../util/monotonic.js'
import { isBooting } from '../worker/lifecycle.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { awaitAnnouncement } from './announcement.js'
import type { InstanceFolder } from './instance-folder.js'
import { type InstanceStatus, serviceStatus } from './instance-status.js'
import type { BoundSocket } from './listen-socket.js'
import { notInThisVersion, type Server, type ServerClosed } from './server.js'
import type { StopOutcome, Supervisor } from './supervisor.js'
import type { Watcher } from './watcher.js'
import { fitsPlan, type WorkerFactory } from './worker-factory.js'

/** What a quick stop leaves to work in flight. */
const QUICK_STOP_MS = 2_000
const FIRST_GENERATION = 1

export interface InstanceOptions {
  readonly name: string
  readonly settings: ServeSettings
  readonly socket: BoundSocket
  readonly folder: InstanceFolder
  readonly factory: WorkerFactory
  readonly makePlan: (announced: Promise<ServiceGraph>) => Promise<ServePlan>
  readonly firstBootTimeoutMs: number
  readonly log: Logger
}

/** Loaded while the first worker boots: nobody waits for it then. */
const loadSupervisor = (): Promise<typeof import('./supervisor.js')> => import('./supervisor.js')

/** One running instance: its socket, its folder and its supervisor, from the first worker to the last. */
export class Instance implements Server {
  readonly #options: InstanceOptions
  readonly #closed = deferred<ServerClosed>()
  readonly #abort = new AbortController()
  #supervisor: Supervisor | undefined
  #forcedExitCode: number | undefined

  constructor(options: InstanceOptions) {
    this.#options = options
  }

  get url(): string {
    return this.#options.socket.url
  }

  get address(): { readonly host: string; readonly port: number } {
    const { host, port } = this.#options.socket
    return { host, port }
  }

  get closed(): Promise<ServerClosed> {
    return this.#closed.promise
  }

  /** Resolves when the whole graph is ready; rejects, with nothing left behind, when it cannot become so. */
  async start(): Promise<void> {
    const { log, folder, socket } = this.#options
    try {
      const { begun, plan } = await this.#plan()
      this.#supervisor = await this.#makeSupervisor(plan)
      void this.#supervisor.stopped.then((outcome) => this.#close(outcome))
      await this.#supervisor.start(begun)
    } catch (error) {
      socket.close()
      await folder.remove()
      throw error
    }
    const services = this.#supervisor.watchers.map(({ plan, target }) => `${plan.name}:${target}`)
    log.info({ url: this.url, pid: process.pid, services, addresses: socket.addresses }, 'ready')
  }

  status(): InstanceStatus {
    const now = monotonicMs()
    return {
      instance: this.#options.name,
      pid: process.pid,
      url: this.url,
      state: this.#supervisor?.state ?? 'starting',
      services: this.#watchers.map((watcher) => serviceStatus(watcher, FIRST_GENERATION, now)),
    }
  }

  async scale(service: string, workers: number): Promise<void> {
    const watcher = this.#watchers.find(({ plan }) => plan.name === service)
    if (watcher === undefined) {
      const known = this.#watchers.map(({ plan }) => plan.name)
      throw createError('EKB_ERR_CONFIG_UNKNOWN', { source: 'scale()', key: service, near: known })
    }
    if (!Number.isInteger(workers) || workers < 1) {
      const expected = 'a whole number of at least 1'
      throw createError('EKB_ERR_CONFIG_INVALID', { source: 'scale()', key: service, value: String(workers), expected })
    }
    await watcher.scale(workers)
  }

  /** Adds workers to the entry service or takes them away, never below one. */
  scaleEntryBy(count: number): void {
    const entry = this.#watchers.find(({ plan }) => plan.entry)
    if (entry !== undefined) void entry.scale(Math.max(1, entry.target + count))
  }

  reload(): Promise<never> {
    return notInThisVersion('Rolling reload')
  }

  restart(): Promise<never> {
    return notInThisVersion('Rolling restart of a service')
  }

  stop(): Promise<ServerClosed> {
    this.#abort.abort()
    this.#supervisor?.stop()
    return this.closed
  }

  /** Leaves little time to work in flight; `exitCode` instead of the usual one, when a second signal forced it. */
  stopQuickly(exitCode?: number): void {
    this.#forcedExitCode = exitCode ?? this.#forcedExitCode
    this.#abort.abort()
    this.#supervisor?.stopWithin(QUICK_STOP_MS)
  }

  kill(exitCode: number): void {
    this.#forcedExitCode = exitCode
    this.#abort.abort()
    this.#supervisor?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  get #watchers(): readonly Watcher[] {
    return this.#supervisor?.watchers ?? []
  }

  /** The first entry worker says what else is needed; those that run stay on where they can serve under the plan. */
  async #plan(): Promise<{ begun: readonly WorkerHandle[]; plan: ServePlan }> {
    const { socket, factory, makePlan, firstBootTimeoutMs, settings, log } = this.#options
    const claimed = socket.claim()
    const first = factory.makeFirst('announce', claimed)
    const announced = awaitAnnouncement(first, { bootTimeoutMs: firstBootTimeoutMs, signal: this.#abort.signal })
    const begun = [first]
    // Not before: the claim needs a core of its own, and the first worker waits for it.
    const complete = claimed.then(() => begun.push(...this.#spawnBeside(first)))
    void loadSupervisor()
    try {
      const [plan] = await Promise.all([makePlan(announced), complete])
      for (const { code, message } of plan.warnings) log.warn({ code }, message)
      await this.#deploy(plan)
      const entry = plan.services.find((service) => service.entry)
      const wanted =
        entry !== undefined && fitsPlan(entry, { inherited: process.env, allow: settings.envAllow }) ? entry.workers : 0
      // Variables and flags are fixed when a process is spawned: a fresh worker takes the place of one that lacks them.
      await endAll(begun.slice(wanted))
      return { begun: begun.slice(0, wanted), plan }
    } catch (error) {
      await endAll(begun)
      throw error
    }
  }

  /** The cores that the first worker leaves idle can boot others of its service, as many as are known to be wanted. */
  #spawnBeside(first: WorkerHandle): readonly WorkerHandle[] {
    const { factory, settings } = this.#options
    const cores = availableParallelism()
    const wanted = settings.apiWorkers === 'cpu' ? cores : (settings.apiWorkers ?? 1)
    const beside: WorkerHandle[] = []
    // Where the first is given up already, nobody would end them.
    for (let slot = 1; isBooting(first.state) && slot < Math.min(wanted, cores); slot++) {
      const worker = factory.makeBesideFirst(slot)
      worker.spawn({ onState: () => {}, onAnnounced: () => {}, onTerminated: () => worker.kill() })
      beside.push(worker)
    }
    return beside
  }

  /** Dependencies first: what a service prepares may need what they have prepared. */
  async #deploy(plan: ServePlan): Promise<void> {
    const { factory, log } = this.#options
    const deploying = plan.services.filter(({ deploys }) => deploys)
    if (deploying.length === 0) return
    const { awaitDeployment } = await import('./deployment.js')
    for (const service of deploying) {
      await awaitDeployment(factory.makeDeploy(service), { service, signal: this.#abort.signal })
      log.info({ service: service.name }, 'deployed')
    }
  }

  async #makeSupervisor(plan: ServePlan): Promise<Supervisor> {
    const { Supervisor } = await loadSupervisor()
    const { factory, folder, socket, settings, log } = this.#options
    return new Supervisor({
      plan,
      makeWorker: (service, slot) => factory.make(service, slot),
      onWorkerGone: ({ socketPath }) => {
        if (socketPath !== undefined) folder.removeSocket(socketPath)
      },
      closeSocket: () => socket.close(),
      stopTimeoutMs: settings.gracefulShutdownMs,
      log,
    })
  }

  async #close({ forced }: StopOutcome): Promise<void> {
    const { log, folder, socket } = this.#options
    socket.close()
    await folder.remove()
    for (const what of forced) log.warn({ what }, 'had to be cut short')
    const exitCode = this.#forcedExitCode ?? (forced.length > 0 ? EXIT.killedSomething : EXIT.clean)
    log.info({ exitCode }, 'stopped')
    this.#closed.resolve({ exitCode, forced })
  }
}

async function endAll(workers: readonly WorkerHandle[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.end()))
}
