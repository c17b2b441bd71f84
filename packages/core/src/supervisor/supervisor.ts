import { createError } from '../errors/service-error.js'
import type { PoolMember, PoolSettings, PoolSnapshot, StartMessage } from '../ipc/protocol.js'
import type { Logger } from '../observe/logger.js'
import type { ServePlan, ServicePlan } from '../plan/serve-plan.js'
import { deferred } from '../util/deferred.js'
import { monotonicMs } from '../util/monotonic.js'
import { isBooting } from '../worker/lifecycle.js'
import type { WorkerHandle, WorkerStateChange } from '../worker/worker-handle.js'
import { mayStart, stopOrder } from './start-order.js'
import { StopSequence } from './stop-sequence.js'
import { nextSupervisorState, type SupervisorEvent, type SupervisorState } from './supervisor-state.js'
import { Watcher, type WatcherObserver } from './watcher.js'
import { bootError, describeExit } from './worker-exit.js'

export interface SupervisorOptions {
  readonly plan: ServePlan
  readonly makeWorker: (plan: ServicePlan, slot: number) => WorkerHandle
  /** A worker is gone: what it may have left can be removed. */
  readonly onWorkerGone: (worker: WorkerHandle) => void
  /** The public socket is given up just before the entry workers stop accepting. */
  readonly closeSocket: () => void
  /** The whole stop, in milliseconds. */
  readonly stopTimeoutMs: number
  readonly log: Logger
}

export interface StopOutcome {
  /** What had to be killed or cut, in words; empty: everything ended by itself. */
  readonly forced: readonly string[]
}

/**
 * Keeps the graph of one instance running: one watcher a service. It imports no user code and no request passes
 * through it. Everything it does follows from a worker's change of state (`onPoolChange`) or from a command.
 */
export class Supervisor implements WatcherObserver {
  readonly watchers: readonly Watcher[]
  readonly #options: SupervisorOptions
  readonly #ready = deferred()
  readonly #stopped = deferred<StopOutcome>()
  readonly #forced: string[] = []
  #state: SupervisorState = 'starting'
  #snapshot: PoolSnapshot = { version: 0, pools: {} }
  #stop: StopSequence | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.watchers = options.plan.services.map(
      (plan) =>
        new Watcher({
          plan,
          log: options.log.child({ service: plan.name }),
          now: monotonicMs,
          random: Math.random,
          makeWorker: options.makeWorker,
          observer: this,
        }),
    )
  }

  get state(): SupervisorState {
    return this.#state
  }

  /** Resolves once no worker is left, whether the instance was stopped or failed to start. */
  get stopped(): Promise<StopOutcome> {
    return this.#stopped.promise
  }

  /**
   * Spawns every worker at once; each service goes on as soon as its dependencies are ready. Resolves when every
   * worker is ready; rejects, when no worker is left, if one cannot become so. `begun`: entry workers that run.
   */
  async start(begun: readonly WorkerHandle[]): Promise<void> {
    const entry = this.watchers.find((watcher) => watcher.plan.entry)
    if (entry !== undefined) {
      for (const worker of begun) entry.adopt(worker)
      // It may have ended while the plan was made, when nobody of ours watched it.
      const ended = begun.find(({ state }) => !isBooting(state))
      if (ended !== undefined) this.#fail(this.#bootError(entry, ended))
    }
    for (const watcher of this.watchers) watcher.reconcile()
    this.#release()
    try {
      await this.#ready.promise
    } catch (error) {
      await this.#stopped.promise
      throw error
    }
  }

  /** Graceful; called again it changes nothing. */
  stop(): void {
    this.#wind('stop', this.#options.stopTimeoutMs, createError('EKB_ERR_STOPPED_BEFORE_READY', {}))
  }

  /** Graceful, but whatever is not done after so long is killed. */
  stopWithin(timeoutMs: number): void {
    this.stop()
    this.#stop?.hurry(timeoutMs)
  }

  /** Kills every worker now. */
  kill(): void {
    this.stop()
    this.#stop?.kill()
  }

  onPoolChange(watcher: Watcher, worker: WorkerHandle, change: WorkerStateChange): void {
    if (change.to === 'exited') {
      this.#noteForced(worker)
      this.#options.onWorkerGone(worker)
    }
    if (this.#state === 'starting' && endedBeforeReady(change)) {
      this.#fail(this.#bootError(watcher, worker))
      return
    }
    if (change.to === 'ready' || change.from === 'ready') this.#publish()
    if (change.to === 'ready' || change.to === 'held') this.#release()
    if (this.watchers.every((each) => each.ready.length >= each.target) && this.#advance('ready')) this.#ready.resolve()
  }

  /** While the instance stops, each service is drained in its turn: a group may have been signalled as a whole. */
  onTerminated(watcher: Watcher, worker: WorkerHandle): void {
    if (this.#state === 'starting' || this.#state === 'running') watcher.replace(worker)
  }

  onFlapping(watcher: Watcher, deaths: number): void {
    const { name, supervision } = watcher.plan
    const { flappingWindowMs: windowMs } = supervision.restart
    if (this.#state === 'starting')
      this.#fail(createError('EKB_ERR_FLAPPING', { service: name, count: deaths, windowMs }))
    else this.#options.log.error({ service: name, deaths, windowMs }, 'workers keep dying; trying again more slowly')
  }

  /** Tells every caller which workers are ready now. */
  #publish(): void {
    const pools: Record<string, readonly PoolMember[]> = {}
    for (const watcher of this.watchers) if (!watcher.plan.entry) pools[watcher.plan.name] = watcher.members
    this.#snapshot = { version: this.#snapshot.version + 1, pools }
    for (const watcher of this.watchers) {
      if (watcher.plan.dependencies.length === 0) continue
      for (const worker of watcher.workers) {
        if (!isBooting(worker.state) || worker.state === 'starting')
          worker.tell({ type: 'snapshot', snapshot: this.#snapshot })
      }
    }
  }

  /** Sends on the held workers of every service whose dependencies are ready. */
  #release(): void {
    for (const watcher of this.watchers) {
      if (mayStart(watcher.plan, this.#snapshot.pools)) watcher.release(this.#startMessage(watcher.plan))
    }
  }

  #startMessage(plan: ServicePlan): StartMessage {
    const pools: Record<string, PoolSettings> = {}
    for (const { service } of plan.dependencies) {
      const target = this.#options.plan.services.find((candidate) => candidate.name === service)
      if (target === undefined) continue
      pools[service] = { traffic: target.traffic, dependencyGraceMs: target.supervision.dependencyGraceMs }
    }
    return { type: 'start', traffic: plan.traffic, standby: false, pools, snapshot: this.#snapshot }
  }

  #bootError(watcher: Watcher, { identity, record, lastOutput }: WorkerHandle): Error {
    const { bootTimeoutMs } = watcher.plan.supervision
    return bootError({ service: identity.service, slot: identity.slot, bootTimeoutMs, record, lastOutput })
  }

  #fail(error: Error): void {
    this.#wind('failed', 0, error)
    this.#stop?.kill()
  }

  /** Begins the way down, once. */
  #wind(event: SupervisorEvent, timeoutMs: number, reason: Error): void {
    if (!this.#advance(event)) return
    this.#ready.reject(reason)
    // Where nothing waits for the start any more, its rejection is of no interest.
    this.#ready.promise.catch(() => {})
    const entry = this.#options.plan.services.find((service) => service.entry)
    this.#stop = new StopSequence({
      groups: stopOrder(this.watchers),
      timeoutMs,
      prestopDelayMs: entry?.supervision.prestopDelayMs ?? 0,
      beforeDrain: this.#options.closeSocket,
      now: monotonicMs,
      log: this.#options.log,
    })
    void this.#stop.run().then(() => {
      this.#advance('drained')
      this.#stopped.resolve({ forced: this.#forced })
    })
  }

  #noteForced(worker: WorkerHandle): void {
    const { service, slot } = worker.identity
    const { cut, forced } = worker.record
    this.#forced.push(...cut.map((what) => `${service}#${slot}: ${what}`))
    if (forced === true) this.#forced.push(`${service}#${slot}: ${describeExit(worker.record)}`)
  }

  #advance(event: SupervisorEvent): boolean {
    const next = nextSupervisorState(this.#state, event)
    if (next === undefined) return false
    this.#options.log.debug({ from: this.#state, to: next, event }, 'instance state')
    this.#state = next
    return true
  }
}

/** Did a worker end, or was it given up, on its way to ready? */
function endedBeforeReady({ from, to }: WorkerStateChange): boolean {
  return (to === 'exited' || to === 'killing') && isBooting(from)
}
