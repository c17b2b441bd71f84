import { basename } from 'node:path'
import { changedFixed, WAIT_FOR_RESTART } from '../config/fixed-settings.js'
import type { ServeSettings } from '../config/serve-settings.js'
import type { AdminTarget } from '../control/admin-server.js'
import { EXIT } from '../errors/exit-codes.js'
import { createError, isServiceError } from '../errors/service-error.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import type { StartMessage } from '../ipc/protocol.js'
import type { Logger } from '../observe/logger.js'
import { flushStderr } from '../observe/pass-on-stderr.js'
import { inlineSettings } from '../plan/inline-settings.js'
import type { ServePlan, ServicePlan } from '../plan/serve-plan.js'
import { SUPERVISION_DEFAULTS } from '../plan/supervision-defaults.js'
import { InstanceMetrics, type MeteredService } from '../supervisor/instance-metrics.js'
import type { GenerationStatus, InstanceStatus } from '../supervisor/instance-status.js'
import type { ListenSocket } from '../supervisor/listen-socket.js'
import type { ReloadOutcome, Server, ServerClosed } from '../supervisor/server.js'
import type { SignalTarget } from '../supervisor/signal-control.js'
import { Changes } from '../util/changes.js'
import { type Deferred, deferred } from '../util/deferred.js'
import { monotonicMs } from '../util/monotonic.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { type AppEnd, AppRun } from './app-run.js'
import { appStatus } from './app-status.js'
import { LeavingRuns } from './leaving-runs.js'
import { nameFiles } from './name-files.js'
import { showFailure } from './show-failure.js'
import type { SourceWatch } from './source-watch.js'

/** One that ends sooner after it was ready would only do so again. */
const LASTING_MS = 1_000
const QUICK_STOP_MS = 2_000
/** To a reader of stderr that has not stalled. */
const SHOWN_WITHIN_MS = 500
/** Codes of what is wrong in a command, a configuration or an identifier. */
const MISTYPED = /^EKB_ERR_(?:CONFIG_|IDENTIFIER_(?:MALFORMED|NOT_FOUND|BUNDLE_UNKNOWN)$)/

export interface DevelopmentServerOptions {
  readonly name: string
  readonly settings: ServeSettings
  readonly readSettings: () => Promise<ServeSettings>
  readonly socket: ListenSocket
  readonly makeWorker: (
    settings: ServeSettings,
    number: number,
    onLoaded: (files: readonly string[]) => void,
  ) => Promise<WorkerHandle>
  readonly makePlan: (announced: Promise<ServiceGraph>, settings: ServeSettings) => Promise<ServePlan>
  /** Calls back for each change that is somebody's; undefined: nothing is watched. */
  readonly watch: ((onChange: (files: readonly string[]) => void) => SourceWatch) | undefined
  /** Leaves nothing behind. */
  readonly tidy: (outcome: ServerClosed | undefined) => Promise<void>
  readonly log: Logger
}

/**
 * Development mode with a process of its own for the app: holds the public socket, on which clients wait while one run
 * of the app makes way for the next. It imports no user code.
 */
export class DevelopmentServer implements Server, SignalTarget {
  readonly #options: DevelopmentServerOptions
  readonly #closed = deferred<ServerClosed>()
  readonly #firstReady = deferred()
  readonly #changes = new Changes()
  readonly #metrics: InstanceMetrics
  #settings: ServeSettings
  #watch: SourceWatch | undefined
  #run: AppRun | undefined
  readonly #leaving = new LeavingRuns()
  /** By this run. */
  #loaded: string[] = []
  #number = 0
  /** Asks for the next run. */
  #isChanged = false
  /** It is read before the next run. */
  #hasConfigChanged = false
  #asked: Deferred<ReloadOutcome> | undefined
  #hasServed = false
  #isStopping = false
  #forcedExitCode: number | undefined
  #lastReload: InstanceStatus['lastReload'] = null

  constructor(options: DevelopmentServerOptions) {
    this.#options = options
    this.#settings = options.settings
    const services = (): MeteredService[] => {
      const worker = this.#run?.worker
      return worker === undefined ? [] : [{ service: this.#service, workers: [worker] }]
    }
    this.#metrics = new InstanceMetrics({ services, log: () => options.log })
  }

  /** Resolves when the app serves for the first time, however often it was changed until then. */
  async start(): Promise<void> {
    void this.#live().catch((error: Error) => this.#collapse(error))
    try {
      await this.#firstReady.promise
    } catch (error) {
      await this.closed
      throw error
    }
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

  /** For an admin server. Nothing that it needs is beside it. */
  get shown(): AdminTarget {
    return {
      status: () => this.status(),
      askStatus: () => this.askStatus(),
      plan: () => ({ entry: this.#service, services: [] }),
      metrics: () => this.metrics(),
    }
  }

  /** Unknown until it has announced itself, where it is none of an app's. */
  get #service(): string {
    return this.#run?.worker.identity.service || this.#options.name
  }

  status(): InstanceStatus {
    const state = this.#isStopping ? 'draining' : this.#run?.worker.state === 'ready' ? 'running' : 'starting'
    const services = [appStatus(this.#service, this.#run?.worker, monotonicMs())]
    return {
      instance: this.#options.name,
      pid: process.pid,
      url: this.url,
      state,
      lastReload: this.#lastReload,
      services,
    }
  }

  async askStatus(): Promise<InstanceStatus> {
    return this.status()
  }

  /** Of the app's process, in Prometheus' text format. */
  metrics(): Promise<string> {
    return this.#metrics.renderMetrics()
  }

  reload(): Promise<ReloadOutcome> {
    if (this.#isStopping) return Promise.reject(createError('EKB_ERR_RELOAD_STOPPED', {}))
    this.#asked ??= deferred<ReloadOutcome>()
    this.#hasConfigChanged = true
    this.#restart([])
    return this.#asked.promise
  }

  async restart(): Promise<void> {
    await this.reload()
  }

  scale(): Promise<never> {
    return Promise.reject(createError('EKB_ERR_ONE_PROCESS', { what: 'scale()' }))
  }

  scaleEntryBy(): void {}

  stop(): Promise<ServerClosed> {
    const { drainTimeoutMs, keepAliveDrainMs } = { ...SUPERVISION_DEFAULTS, ...this.#settings.supervision }
    this.#stop(Math.min(drainTimeoutMs, this.#settings.gracefulShutdownMs), keepAliveDrainMs)
    return this.closed
  }

  stopQuickly(exitCode?: number): void {
    this.#forcedExitCode = exitCode ?? this.#forcedExitCode
    this.#stop(QUICK_STOP_MS, 0)
  }

  kill(exitCode: number): void {
    this.#forcedExitCode = exitCode
    this.#isStopping = true
    this.#run?.kill()
    this.#leaving.kill()
    this.#changes.tell()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #stop(timeoutMs: number, keepAliveDrainMs: number): void {
    this.#isStopping = true
    this.#options.socket.close()
    this.#run?.leave(timeoutMs, keepAliveDrainMs)
    this.#leaving.leave(timeoutMs, keepAliveDrainMs)
    this.#changes.tell()
  }

  /** Run after run, until it is stopped. */
  async #live(): Promise<void> {
    const forced: string[] = []
    while (!this.#isStopping) {
      this.#isChanged = false
      const end = await this.#runOnce()
      if (this.#isStopping) forced.push(...this.#cut())
      else if (end !== undefined) await this.#afterFailure(end)
    }
    await this.#leaving.ended()
    await this.#close(forced)
  }

  async #runOnce(): Promise<AppEnd> {
    const number = ++this.#number
    const { makeWorker, makePlan } = this.#options
    await this.#configure()
    const current = this.#settings
    const { bootTimeoutMs = SUPERVISION_DEFAULTS.bootTimeoutMs } = current.supervision
    this.#loaded = []
    const onLoaded = (files: readonly string[]): void => {
      this.#loaded.push(...files)
      this.#watch?.learn(number, files)
    }
    const worker = await makeWorker(current, number, onLoaded).catch((error: Error) => error)
    if (this.#isStopping || worker instanceof Error) {
      // How the one before it ended is told.
      this.#run = undefined
      return worker instanceof Error ? { error: worker, wasReady: false } : undefined
    }
    // Before it runs: what is saved as soon as it has loaded it counts.
    this.#watch ??= this.#options.watch?.((files) => this.#restart(files))
    this.#watch?.onStart(number)
    const run: AppRun = new AppRun({
      worker,
      bootTimeoutMs,
      makeStart: async (graph) => {
        // What it makes may need what the one before it still has.
        const [plan] = await Promise.all([makePlan(Promise.resolve(graph), current), this.#leaving.ended()])
        worker.adopt({ service: plan.entry, bootTimeoutMs, observer: run })
        return startMessage(plan)
      },
      onReady: () => this.#onReady(run),
    })
    this.#run = run
    run.worker.reportTo(this.#metrics.receive)
    // It was while this one was being made.
    if (this.#isChanged) run.makeWay()
    return Promise.race([run.ended, this.#madeWay(run)])
  }

  /** The next may begin while it still ends. Not of an app, whose main file does at once what it does, nor beside a debugger. */
  async #madeWay(run: AppRun): Promise<undefined> {
    const { app, inspect } = this.#options.settings
    const mayOverlap = app === undefined && inspect === undefined
    let hasEnded = false
    void run.ended.then(() => {
      hasEnded = true
      this.#metrics.forget(run.worker)
      this.#changes.tell()
    })
    await this.#changes.until(() => hasEnded || (mayOverlap && this.#isChanged && run.isLeaving))
    if (!hasEnded) this.#leaving.add(run)
  }

  #onReady({ worker }: AppRun): void {
    const { log } = this.#options
    this.#watch?.onReady()
    log.info({ url: this.url, pid: worker.pid, run: this.#number }, 'ready')
    this.#hasServed = true
    this.#firstReady.resolve()
    if (this.#number > 1) this.#noteReload('done', undefined)
  }

  /** Something has changed: this run ends, and another begins. */
  #restart(files: readonly string[]): void {
    if (this.#isStopping) return
    // Also where the next run is asked for already: it may not be made yet.
    if (files.some(this.#isConfig)) this.#hasConfigChanged = true
    if (this.#isChanged) return
    this.#isChanged = true
    const { log, settings } = this.#options
    log.info(nameFiles(files, settings.workingDir), 'changed: restarting')
    this.#run?.makeWay()
    this.#changes.tell()
  }

  /** Is the configuration read from it, or would it be? */
  readonly #isConfig = (file: string): boolean => {
    return file === this.#settings.configFile || basename(file).startsWith('ekiben.config.')
  }

  /** Reads the configuration anew, where that has changed or somebody asks for it. */
  async #configure(): Promise<void> {
    if (!this.#hasConfigChanged) return
    this.#hasConfigChanged = false
    const { readSettings, settings, log } = this.#options
    try {
      this.#settings = await readSettings()
      const changed = changedFixed(settings, this.#settings)
      if (changed.length > 0) log.warn({ changed }, WAIT_FOR_RESTART)
    } catch (error) {
      showFailure(error as Error)
    }
  }

  /** Shows why, and waits for a change; one that had served for a while is started again at once. */
  async #afterFailure({ error, wasReady }: NonNullable<AppEnd>): Promise<void> {
    const worker = this.#run?.worker
    if (!wasReady && (this.#watch === undefined || this.#isMistyped(error))) return this.#giveUp(error)
    // Before it is shown, which takes its time: what is saved meanwhile is somebody's.
    if (!wasReady) this.#watch?.onFailed()
    const servedMs = monotonicMs() - (worker?.record.readyAt ?? Number.POSITIVE_INFINITY)
    showFailure(error, { output: worker?.lastOutput ?? '', loaded: this.#loaded })
    if (this.#watch === undefined) return this.#giveUp(error)
    if (!wasReady) this.#noteReload('refused', error)
    // Before what comes of it is told, on another stream.
    await flushStderr(SHOWN_WITHIN_MS)
    if (this.#isStopping) return
    const { log } = this.#options
    if (wasReady && servedMs > LASTING_MS) {
      log.error({ reason: error.message }, 'the app has ended: starting it again')
      return
    }
    if (!this.#isChanged) log.error({ reason: error.message }, 'the app does not run: waiting for a change')
    await this.#changes.until(() => this.#isChanged || this.#isStopping)
  }

  /** What was asked for is wrong, and no change of a file will mend that. */
  #isMistyped(error: Error): boolean {
    return !this.#hasServed && isServiceError(error) && MISTYPED.test(error.code)
  }

  /** By an error that nobody has foreseen: it is told, and nothing is left behind. */
  async #collapse(error: Error): Promise<void> {
    if (this.#hasServed) showFailure(error)
    this.#giveUp(error)
    this.kill(EXIT.unexpected)
    await Promise.all([this.#run?.ended, this.#leaving.ended()])
    await this.#close([])
  }

  #giveUp(error: Error): void {
    this.#isStopping = true
    this.#forcedExitCode = EXIT.unexpected
    this.#firstReady.reject(error)
    this.#firstReady.promise.catch(() => {})
  }

  #noteReload(result: 'done' | 'refused', error: Error | undefined): void {
    const [from, to] = [this.#number - 1, this.#number].map((generation) => this.#generation(generation)) as [
      GenerationStatus,
      GenerationStatus,
    ]
    this.#lastReload = { at: new Date().toISOString(), result, reason: error?.message, from, to }
    if (error === undefined) this.#asked?.resolve({ from, to })
    else {
      const reason = error.message
      this.#asked?.reject(createError('EKB_ERR_RELOAD_REFUSED', { reason, from: from.generation }, { cause: error }))
    }
    this.#asked = undefined
  }

  #generation(generation: number): GenerationStatus {
    const { workingDir, app } = this.#settings
    return { generation, workingDir, entry: app?.main ?? String(this.#settings.identifier) }
  }

  #cut(): readonly string[] {
    const { cut = [], forced } = this.#run?.worker.record ?? {}
    return forced === true ? [...cut, 'the app had to be killed'] : cut
  }

  async #close(forced: readonly string[]): Promise<void> {
    const { socket, log, tidy } = this.#options
    this.#watch?.close()
    socket.close()
    const exitCode = this.#forcedExitCode ?? (forced.length > 0 ? EXIT.killedSomething : EXIT.clean)
    const stopped = createError('EKB_ERR_STOPPED_BEFORE_READY', {})
    this.#firstReady.reject(stopped)
    this.#firstReady.promise.catch(() => {})
    this.#asked?.reject(createError('EKB_ERR_RELOAD_STOPPED', {}))
    await tidy({ exitCode, forced })
    for (const what of forced) log.warn({ what }, 'had to be cut short')
    log.info({ exitCode }, 'stopped')
    this.#closed.resolve({ exitCode, forced })
  }
}

function startMessage(plan: ServePlan): StartMessage {
  const { traffic } = plan.services.find(({ entry }) => entry) as ServicePlan
  const recycling = { maxRequests: 0, maxRequestsJitter: 0 }
  const snapshot = { version: 0, pools: {} }
  return { type: 'start', traffic, recycling, standby: false, pools: {}, snapshot, inline: inlineSettings(plan) }
}
