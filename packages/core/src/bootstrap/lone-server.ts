import type { ServeSettings } from '../config/serve-settings.js'
import type { AdminTarget } from '../control/admin-server.js'
import { EXIT } from '../errors/exit-codes.js'
import { createError } from '../errors/service-error.js'
import { beginProcessDrain } from '../hosting/drain-listeners.js'
import { limitLastCalls, ON_STOP_MS } from '../hosting/last-calls.js'
import type { DrainOptions, DrainReport } from '../http/host-drain.js'
import { socketUrl } from '../net/socket-url.js'
import { flushLogs } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import { SUPERVISION_DEFAULTS } from '../plan/supervision-defaults.js'
import type { CallsView } from '../runner/calls-in-flight.js'
import type { InstanceStatus } from '../supervisor/instance-status.js'
import type { Server, ServerClosed } from '../supervisor/server.js'
import { SignalJudge } from '../supervisor/signal-judge.js'
import { deferred } from '../util/deferred.js'
import { MovingDeadline } from '../util/moving-deadline.js'
import { once } from '../util/once.js'

/** What serves in this process. */
export interface LoneHost {
  readonly address: { readonly host: string; readonly port: number }
  readonly calls: CallsView
  /** As soon as it begins to stop. */
  onStop?(): unknown
  drain(options: DrainOptions): Promise<DrainReport>
  /** In Prometheus' text format. */
  metrics(): Promise<string>
  /** After its last answer. */
  close(): Promise<void>
}

export interface LoneServerOptions {
  /** What it is shown as. */
  readonly name: string
  /** Aborted when it begins to stop. */
  readonly leaving: AbortController
  readonly settings: ServeSettings
  /** Is it stopped by TERM and INT, and the process ended with it? */
  readonly handleSignals: boolean
  /** Leaves nothing of what is beside it behind. */
  readonly tidy: (outcome: ServerClosed) => Promise<void>
  readonly log: Logger
}

/** An app or a service that runs in this process alone, with no supervisor: what needs one is refused. */
export class LoneServer implements Server {
  readonly #options: LoneServerOptions
  readonly #closed = deferred<ServerClosed>()
  readonly #startedAt = performance.now()
  #host: LoneHost | undefined
  #state: InstanceStatus['state'] = 'running'

  constructor(options: LoneServerOptions) {
    this.#options = options
  }

  /** It listens: its requests are looked after from now on. */
  take(host: LoneHost): void {
    this.#host = host
    // Before anybody is told that it runs: who waits for that may stop it at once.
    if (this.#options.handleSignals) this.#stopBySignals()
    this.#options.log.info({ url: this.url, pid: process.pid }, 'ready')
  }

  get url(): string {
    const { host, port } = this.address
    const url = socketUrl(host, port)
    return this.#options.settings.ssl === undefined ? url : url.replace(/^http:/, 'https:')
  }

  get address(): { readonly host: string; readonly port: number } {
    return this.#host?.address ?? { host: '', port: 0 }
  }

  get closed(): Promise<ServerClosed> {
    return this.#closed.promise
  }

  status(): InstanceStatus {
    const { name, settings } = this.#options
    const calls = this.#host?.calls
    const worker = {
      slot: 0,
      pid: process.pid,
      state: this.#state === 'running' ? 'ready' : 'draining',
      generation: 1,
      uptimeMs: Math.round(performance.now() - this.#startedAt),
      restarts: 0,
      lastExit: undefined,
      rssBytes: process.memoryUsage.rss(),
      inFlight: calls?.size ?? 0,
      oldestCallMs: Math.round(calls?.oldestMs() ?? 0),
      loopUtilization: undefined,
    }
    const service = { name, state: 'ready' as const, target: 1, generation: 1, workers: [worker] }
    const { state, url } = { state: this.#state, url: this.url }
    const instance = settings.instance ?? name
    return { instance, pid: process.pid, url, state, lastReload: null, services: [service] }
  }

  /** For an admin server. */
  get shown(): AdminTarget {
    const status = (): InstanceStatus => this.status()
    const host = this.#host
    const plan = { entry: this.#options.name, services: [] }
    return { status, askStatus: async () => status(), plan: () => plan, metrics: host && (() => host.metrics()) }
  }

  reload(): Promise<never> {
    return refuse('reload()')
  }

  scale(): Promise<never> {
    return refuse('scale()')
  }

  restart(): Promise<never> {
    return refuse('restart()')
  }

  readonly stop = once((): Promise<ServerClosed> => {
    void this.#stop()
    return this.closed
  })

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Stops by TERM and INT, and ends the process; by a second one at once. */
  #stopBySignals(): void {
    const judge = new SignalJudge({ onTerminal: false })
    let isEnding = false
    let isClosed = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const onSignal = (): void => {
        if (isClosed || judge.judge(signal) === 'nothing') return
        if (this.#state !== 'running') process.exit(signal === 'SIGINT' ? 130 : 143)
        isEnding = true
        void this.stop().then(async ({ exitCode }) => {
          await flushLogs()
          process.exit(exitCode)
        })
      }
      process.on(signal, onSignal)
      void this.closed.then(() => {
        isClosed = true
        // A signal would end a process that is just about to end by itself.
        if (!isEnding) process.off(signal, onSignal)
      })
    }
  }

  async #stop(): Promise<void> {
    const { leaving, settings, tidy, log } = this.#options
    this.#state = 'draining'
    const deadline = new MovingDeadline()
    deadline.set(settings.gracefulShutdownMs)
    limitLastCalls(settings.gracefulShutdownMs - ON_STOP_MS)
    leaving.abort()
    beginProcessDrain()
    this.#host?.onStop?.()
    const { keepAliveDrainMs = SUPERVISION_DEFAULTS.keepAliveDrainMs } = settings.supervision
    const report = await this.#host?.drain({ keepAliveDrainMs, deadlineMs: settings.gracefulShutdownMs })
    const isClosed = await Promise.race([this.#close(), deadline.passed.then(() => false)])
    deadline.clear()
    limitLastCalls(undefined)
    this.#state = 'stopped'
    const forced = [...(report?.cut ?? []), ...(isClosed ? [] : [`the end of ${this.#options.name}`])]
    for (const what of forced) log.warn({ what }, 'had to be cut short')
    const exitCode = forced.length > 0 ? EXIT.killedSomething : EXIT.clean
    await tidy({ exitCode, forced })
    log.info({ exitCode }, 'stopped')
    this.#closed.resolve({ exitCode, forced })
  }

  /** Resolves with true once that what served has ended, well or not. */
  async #close(): Promise<true> {
    try {
      await this.#host?.close()
    } catch (err) {
      this.#options.log.error({ err }, 'it failed to close')
    }
    return true
  }
}

function refuse(what: string): Promise<never> {
  return Promise.reject(createError('EKB_ERR_ONE_PROCESS', { what }))
}
