import type { ServeSettings } from '../config/serve-settings.js'
import { EXIT } from '../errors/exit-codes.js'
import { createError } from '../errors/service-error.js'
import { servicesNeeded } from '../graph/required-services.js'
import type { Logger } from '../observe/logger.js'
import type { ServePlan } from '../plan/serve-plan.js'
import { deferred } from '../util/deferred.js'
import { monotonicMs } from '../util/monotonic.js'
import { nearNames } from '../util/near-names.js'
import { oneAtATime } from '../util/one-at-a-time.js'
import type { AppSockets } from './app-sockets.js'
import type { WorkerDump } from './dump-worker.js'
import type { Generation } from './generation.js'
import type { GenerationPlanner } from './generation-planner.js'
import type { InstanceFolder } from './instance-folder.js'
import { type InstanceStatus, serviceStatus } from './instance-status.js'
import type { ListenSocket } from './listen-socket.js'
import type { Notifier } from './notify.js'
import type { Reloader } from './reload.js'
import { RemoteStates, remoteUrls } from './remote-states.js'
import type { ReloadOutcome, Server, ServerClosed } from './server.js'
import type { Slot } from './slot.js'
import type { SlotSockets } from './slot-sockets.js'
import type { StopOutcome, Supervisor } from './supervisor.js'
import type { Surroundings } from './surroundings.js'
import type { Watcher } from './watcher.js'

/** What a quick stop leaves to work in flight. */
const QUICK_STOP_MS = 2_000
/** What killing and clearing up may take beyond the graceful part. */
const REAP_MS = 5_000
const FIRST_GENERATION = 1

export interface InstanceOptions {
  readonly name: string
  readonly settings: ServeSettings
  /** Reads the settings anew, for a reload. */
  readonly readSettings: () => Promise<ServeSettings>
  readonly socket: ListenSocket
  /** What the workers of a host app ask for. */
  readonly appSockets: AppSockets | undefined
  readonly slotSockets: SlotSockets | undefined
  readonly folder: InstanceFolder
  readonly surroundings: Surroundings
  readonly planner: GenerationPlanner
  /** Whoever started us hears how the instance is. */
  readonly notifier: Notifier
  readonly log: Logger
}

/** Loaded while the first worker boots: nobody waits for it then. */
const loadSupervisor = (): Promise<typeof import('./supervisor.js')> => import('./supervisor.js')

/** One running instance: its socket, its folder and its supervisor, from the first worker to the last. */
export class Instance implements Server {
  readonly #options: InstanceOptions
  /** What signals ask for meanwhile follows. */
  readonly #started = deferred()
  readonly #closed = deferred<ServerClosed>()
  readonly #abort = new AbortController()
  readonly #remotes = new RemoteStates()
  /** One at a time; those asked for meanwhile share the one that follows. */
  readonly #nextReload = oneAtATime(() => this.#reload())
  #supervisor: Supervisor | undefined
  #reloader: Reloader | undefined
  #forcedExitCode: number | undefined
  #scaled: Promise<void> = this.#started.promise
  #endReport: (() => void) | undefined

  constructor(options: InstanceOptions) {
    this.#options = options
  }

  get url(): string {
    const { socket, settings } = this.#options
    return settings.ssl === undefined ? socket.url : socket.url.replace(/^http:/, 'https:')
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
    const { log, folder, socket, surroundings, planner, settings } = this.#options
    surroundings.show({
      status: () => this.status(),
      askStatus: () => this.askStatus(),
      plan: () => this.#plan,
      metrics: () => this.metrics(),
    })
    try {
      const planned = planner.plan({
        number: FIRST_GENERATION,
        settings,
        signal: this.#abort.signal,
        beside: true,
      })
      void loadSupervisor()
      this.#supervisor = await this.#makeSupervisor(await planned)
      void this.#supervisor.stopped.then((outcome) => this.#close(outcome))
      const started = this.#supervisor.start()
      // Told before there was anybody to be told.
      if (this.#abort.signal.aborted) this.#supervisor.stop()
      await started
    } catch (error) {
      socket.close()
      await surroundings.close(undefined)
      await Promise.all([folder.remove(), this.#options.notifier.close()])
      throw error
    }
    const services = this.#supervisor.watchers.map(({ service, target }) => `${service}:${target}`)
    log.info({ url: this.url, pid: process.pid, services, addresses: socket.addresses }, 'ready')
    surroundings.steer(this)
    if (settings.serviceManager.notifySocket !== undefined) await this.#report()
    this.#started.resolve()
  }

  /** Names of the services without which no request can be served. */
  required(): ReadonlySet<string> {
    const plan = this.#plan
    return plan === undefined ? new Set() : servicesNeeded(plan)
  }

  /** Of all workers of all services, in Prometheus' text format. */
  async metrics(): Promise<string> {
    if (this.#supervisor === undefined) {
      throw createError('EKB_ERR_METRICS_UNAVAILABLE', { reason: 'the instance is only starting' })
    }
    return this.#supervisor.metrics.renderMetrics()
  }

  status(): InstanceStatus {
    const now = monotonicMs()
    const remotes = this.#remotes.list(this.#plan)
    return {
      instance: this.#options.name,
      pid: process.pid,
      url: this.url,
      state: this.#supervisor?.state ?? 'starting',
      lastReload: this.#reloader?.last ?? null,
      services: this.#watchers.map((watcher) => serviceStatus(watcher, now)),
      ...(remotes.length > 0 && { remotes }),
    }
  }

  /** The same, after those elsewhere were asked how they are. */
  async askStatus(): Promise<InstanceStatus> {
    const urls = remoteUrls(this.#plan)
    if (urls.length > 0) {
      const { askRemotes } = await import('./ask-remotes.js')
      await askRemotes(urls, this.#remotes)
    }
    return this.status()
  }

  async scale(service: string, workers: number): Promise<void> {
    this.#refuseStopped('scale')
    const watcher = this.#watcher(service)
    if (!Number.isInteger(workers) || workers < 1) {
      const expected = 'a whole number of at least 1'
      throw createError('EKB_ERR_CONFIG_INVALID', { source: 'scale()', key: service, value: String(workers), expected })
    }
    const { scalePool } = await import('./scale-pool.js')
    // It may have been told to stop meanwhile.
    this.#refuseStopped('scale')
    const { slotSockets } = this.#options
    try {
      await scalePool(watcher, workers, watcher === this.#supervisor?.entry ? slotSockets : undefined)
    } finally {
      this.#trimSockets()
    }
  }

  /** Adds workers to the entry service or takes them away, never below one. */
  scaleEntryBy(count: number): void {
    this.#scaled = this.#scaled.then(() => this.#scaleEntryBy(count))
  }

  reload(): Promise<ReloadOutcome> {
    return this.#nextReload()
  }

  async restart(service: string, slot?: number): Promise<void> {
    this.#refuseStopped('restart')
    const watcher = this.#watcher(service)
    const slots = slot === undefined ? watcher.slots.all : [this.#slot(watcher, slot, 'restart()')]
    for (const { index } of slots) {
      try {
        await watcher.restart(index)
      } catch (cause) {
        const { message: reason, detail } = cause as Error & { detail?: unknown }
        throw createError('EKB_ERR_RESTART_FAILED', { service, slot: index, reason }, { cause, detail })
      }
    }
  }

  /** Writes down what goes on in the worker of a slot, the newest where there are several. */
  async dump(service: string, index: number): Promise<WorkerDump> {
    const slot = this.#slot(this.#watcher(service), index, 'dump')
    const worker = slot.incarnations.at(-1)?.worker
    if (worker === undefined) {
      const expected = 'a slot with a worker in it'
      throw createError('EKB_ERR_CONFIG_INVALID', { source: 'dump', key: 'slot', value: String(index), expected })
    }
    const { dumpWorker } = await import('./dump-worker.js')
    return dumpWorker(worker, this.#options.folder.path)
  }

  stop(): Promise<ServerClosed> {
    this.#beginStop()
    this.#supervisor?.stop()
    return this.closed
  }

  /** Leaves little time to work in flight; `exitCode` instead of the usual one, when a second signal forced it. */
  stopQuickly(exitCode?: number): void {
    this.#forcedExitCode = exitCode ?? this.#forcedExitCode
    this.#beginStop()
    this.#supervisor?.stopWithin(QUICK_STOP_MS)
  }

  kill(exitCode: number): void {
    this.#forcedExitCode = exitCode
    this.#beginStop()
    this.#supervisor?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #scaleEntryBy(count: number): Promise<void> {
    const entry = this.#supervisor?.entry
    if (entry === undefined || this.#abort.signal.aborted) return
    const { slotSockets, log } = this.#options
    const workers = Math.max(1, entry.target + count)
    try {
      await slotSockets?.reach(workers)
      void entry.scale(workers)
      this.#trimSockets()
    } catch (err) {
      log.error({ err, workers }, 'the number of workers stays as it is')
    }
  }

  /** Closes those of slots that are no more; while a reload goes on, its generation may want them yet. */
  #trimSockets(): void {
    const { slotSockets } = this.#options
    const { entry, state } = this.#supervisor ?? {}
    if (slotSockets === undefined || entry === undefined || state === 'reloading') return
    const wanted = entry.slots.all.filter((slot) => slot.wanted.length > 0).map(({ index }) => index + 1)
    slotSockets.trim(Math.max(entry.target, ...wanted))
  }

  /** Closes those that an app asked for whose code is no more; while a reload goes on, its generation is in no slot yet. */
  #trimAppSockets(): void {
    const { state, generation } = this.#supervisor ?? {}
    if (generation === undefined || state === 'reloading') return
    const isNeeded = (number: number): boolean => this.#watchers.some(({ slots }) => slots.needs(number))
    this.#options.appSockets?.trim((number) => number === generation.number || isNeeded(number))
  }

  async #report(): Promise<void> {
    const { reportInstance } = await import('./report-instance.js')
    this.#endReport = reportInstance(this.#options.notifier, this)
  }

  #beginStop(): void {
    const { notifier, settings } = this.#options
    const stopTimeoutMs = this.#supervisor?.generation.stopTimeoutMs ?? settings.gracefulShutdownMs
    if (!this.#abort.signal.aborted) notifier.stopping(stopTimeoutMs + REAP_MS)
    this.#abort.abort()
  }

  get #plan(): ServePlan | undefined {
    return this.#supervisor?.generation.plan
  }

  get #watchers(): readonly Watcher[] {
    return this.#supervisor?.watchers ?? []
  }

  /** Where it stops nothing is started any more. */
  #refuseStopped(command: string): void {
    if (this.#abort.signal.aborted) throw createError('EKB_ERR_INSTANCE_STOPPED', { command })
  }

  #watcher(service: string): Watcher {
    const watcher = this.#supervisor?.watcher(service)
    if (watcher !== undefined) return watcher
    const known = this.#watchers.map((each) => each.service)
    throw createError('EKB_ERR_SERVICE_UNKNOWN', { service, near: nearNames(service, known) })
  }

  #slot(watcher: Watcher, index: number, source: string): Slot {
    const slot = watcher.slots.at(index)
    if (slot !== undefined) return slot
    const known = watcher.slots.all.map((each) => each.index).join(', ')
    const expected = `a slot of '${watcher.service}': ${known}`
    throw createError('EKB_ERR_CONFIG_INVALID', { source, key: 'slot', value: String(index), expected })
  }

  async #reload(): Promise<ReloadOutcome> {
    await this.#started.promise
    const supervisor = this.#supervisor
    if (supervisor === undefined) throw createError('EKB_ERR_RELOAD_STOPPED', {})
    const { Reloader } = await import('./reload.js')
    const { planner, settings, readSettings, notifier, log } = this.#options
    const { signal } = this.#abort
    notifier.reloading()
    this.#reloader ??= new Reloader({ supervisor, planner, settings, readSettings, signal, log })
    try {
      return await this.#reloader.reload()
    } finally {
      this.#trimSockets()
      this.#trimAppSockets()
      // However it went: what waits for the end of the reload would wait for ever.
      if (!signal.aborted) notifier.ready()
    }
  }

  async #makeSupervisor(generation: Generation): Promise<Supervisor> {
    const { Supervisor } = await loadSupervisor()
    const { folder, socket, planner, log } = this.#options
    return new Supervisor({
      generation,
      onWorkerGone: ({ socketPath }) => {
        if (socketPath !== undefined) folder.removeSocket(socketPath)
        // It is in its slot until whoever is told of its end has been told.
        queueMicrotask(() => this.#trimAppSockets())
      },
      folder: folder.path,
      closeSocket: () => {
        socket.close()
        planner.clearSockets()
      },
      log,
    })
  }

  async #close({ forced }: StopOutcome): Promise<void> {
    const { log, folder, socket, surroundings, notifier } = this.#options
    socket.close()
    this.#endReport?.()
    const exitCode = this.#forcedExitCode ?? (forced.length > 0 ? EXIT.killedSomething : EXIT.clean)
    await surroundings.close({ exitCode, forced })
    await Promise.all([folder.remove(), notifier.close()])
    for (const what of forced) log.warn({ what }, 'had to be cut short')
    log.info({ exitCode }, 'stopped')
    this.#closed.resolve({ exitCode, forced })
  }
}
