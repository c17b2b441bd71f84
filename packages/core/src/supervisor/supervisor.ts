import { createError } from '../errors/service-error.js'
import { servicesNeeded } from '../graph/required-services.js'
import type { Announcement, PoolSettings, PoolSnapshot, StartMessage } from '../ipc/protocol.js'
import type { Logger } from '../observe/logger.js'
import type { ServicePlan } from '../plan/serve-plan.js'
import { deferred } from '../util/deferred.js'
import { monotonicMs } from '../util/monotonic.js'
import { isBooting } from '../worker/lifecycle.js'
import type { WorkerHandle, WorkerStateChange } from '../worker/worker-handle.js'
import type { Generation } from './generation.js'
import { growGeneration } from './grow-generation.js'
import { InstanceMetrics } from './instance-metrics.js'
import { poolSettings } from './pool-settings.js'
import { RestartBudget } from './restart-budget.js'
import { retireGenerations } from './retire-generations.js'
import { ServiceOutages } from './service-outages.js'
import { type Incarnation, lostAddress } from './slot.js'
import { mayStart, stopOrder } from './start-order.js'
import { StopSequence } from './stop-sequence.js'
import { nextSupervisorState, type SupervisorEvent, type SupervisorState } from './supervisor-state.js'
import { watchLiveness } from './watch-liveness.js'
import { Watcher, type WatcherObserver } from './watcher.js'
import { bootError, describeExit } from './worker-exit.js'

export interface SupervisorOptions {
  readonly generation: Generation
  /** A worker is gone: what it may have left can be removed. */
  readonly onWorkerGone: (worker: WorkerHandle) => void
  /** The private folder of the instance. */
  readonly folder: string
  /** The public socket is given up just before the entry workers stop accepting. */
  readonly closeSocket: () => void
  readonly log: Logger
}

export interface StopOutcome {
  /** What had to be killed or cut, in words; empty: everything ended by itself. */
  readonly forced: readonly string[]
}

/**
 * Keeps the graph of one instance running: one watcher a service. It imports no user code and no request passes
 * through it. Everything it does follows from a worker's change of state (`onPoolChange`, `onGone`) or from a command.
 */
export class Supervisor implements WatcherObserver {
  readonly metrics = new InstanceMetrics({ services: () => this.#watchers, log: () => this.#options.log })
  readonly #options: SupervisorOptions
  readonly #ready = deferred()
  readonly #stopped = deferred<StopOutcome>()
  readonly #forced: string[] = []
  readonly #budget = new RestartBudget()
  readonly #outages = new ServiceOutages()
  #watchers: readonly Watcher[]
  #generation: Generation
  #next: Generation | undefined
  #state: SupervisorState = 'starting'
  #snapshot: PoolSnapshot = { version: 0, pools: {} }
  #stop: StopSequence | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#generation = options.generation
    this.#watchers = options.generation.plan.services.map(({ name }) => this.#watch(name, options.generation))
  }

  get state(): SupervisorState {
    return this.#state
  }

  /** The one that new workers are of, unless a slot wants another. */
  get generation(): Generation {
    return this.#generation
  }

  get watchers(): readonly Watcher[] {
    return this.#watchers
  }

  get entry(): Watcher {
    return this.watcher(this.#generation.plan.entry) as Watcher
  }

  watcher(service: string): Watcher | undefined {
    return this.#watchers.find((watcher) => watcher.service === service)
  }

  /** Resolves once no worker is left, whether the instance was stopped or failed to start. */
  get stopped(): Promise<StopOutcome> {
    return this.#stopped.promise
  }

  /**
   * Spawns every worker at once; each service goes on as soon as its dependencies are ready. Resolves when every
   * worker is ready; rejects, when no worker is left, if one cannot become so.
   */
  async start(): Promise<void> {
    const { begun } = this.#generation
    for (const worker of begun) this.entry.adopt(worker, this.#generation)
    // It may have ended while the plan was made, when nobody of ours watched it.
    const ended = begun.find(({ state }) => !isBooting(state))
    if (ended !== undefined) this.#fail(this.#bootError(this.entry, ended))
    if (this.#state === 'starting') for (const watcher of this.#watchers) watcher.start()
    this.release()
    this.#watchLiveness()
    try {
      await this.#ready.promise
    } catch (error) {
      await this.#stopped.promise
      throw error
    }
  }

  /** A generation is about to be rolled out. */
  prepare(generation: Generation): void {
    this.#next = generation
    this.#cover(generation)
    for (const { name } of generation.plan.services) this.watcher(name)?.learn(generation)
  }

  /** The generation is not rolled out, or no further. */
  abandon(): void {
    this.#next = undefined
    this.#letGo()
  }

  /** From now on this generation is the current one; services it has lost go when their last caller has gone. */
  advance(generation: Generation): void {
    this.#generation = generation
    this.#next = undefined
    for (const watcher of this.#watchers) if (this.#isPlanned(watcher)) watcher.advance(generation)
    this.#letGo()
  }

  #letGo(): void {
    for (const watcher of this.#watchers) {
      if (this.#isPlanned(watcher)) continue
      for (const { index, wanted } of watcher.slots.all) watcher.want(index, wanted, { retiring: true })
    }
    this.retire()
  }

  /** Ends what is left of services and generations that nobody calls any more. */
  retire(): void {
    if (this.#stop !== undefined) return
    for (const watcher of stopOrder(this.#watchers).flat()) {
      const changes = retireGenerations({
        slots: watcher.slots.all.map(({ index, wanted, retiring }) => ({ slot: index, wanted, retiring })),
        isLost: !this.#isPlanned(watcher),
        isCalled: (generation) => this.#isCalled(watcher.service, generation),
        isServed: (slot, generation) => watcher.slots.isServed(slot, generation),
      })
      for (const { slot, wanted } of changes) watcher.want(slot, wanted, { retiring: true })
    }
    this.#watchers = this.#watchers.filter((watcher) => this.#isPlanned(watcher) || !watcher.slots.isDone)
  }

  /** Moves the instance's own state; false: the event is not for the state it is in. */
  note(event: SupervisorEvent): boolean {
    return this.#advanceState(event)
  }

  /** Graceful; called again it changes nothing. */
  stop(): void {
    this.#wind('stop', this.generation.stopTimeoutMs, createError('EKB_ERR_STOPPED_BEFORE_READY', {}))
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
    if (change.to === 'starting') worker.reportTo(this.metrics.receive)
    if (change.to === 'exited') {
      this.#noteForced(worker)
      this.metrics.forget(worker)
      this.#options.onWorkerGone(worker)
    }
    if (this.#state === 'starting' && endedBeforeReady(change) && this.#isRequired(watcher)) {
      this.#fail(this.#bootError(watcher, worker))
      return
    }
    if (change.to === 'ready' || change.from === 'ready' || change.to === 'killing') {
      this.publish()
      this.#noteOutage(watcher)
    }
    if (change.to === 'ready' || change.to === 'held') this.release()
    if (this.#state !== 'starting' || change.to !== 'ready') return
    const needed = this.#watchers.filter((each) => this.#isRequired(each))
    if (needed.every((each) => each.slots.isComplete) && this.#advanceState('ready')) this.#ready.resolve()
  }

  onGone(): void {
    this.retire()
  }

  onAvailability(watcher: Watcher): void {
    this.publish()
    this.#noteOutage(watcher)
    this.release()
  }

  /** While the instance stops, each service is drained in its turn: a group may have been signalled as a whole. */
  onRestart({ service }: Watcher, reason: string): void {
    this.metrics.countRestart(service, reason)
  }

  onAnnounced(_watcher: Watcher, worker: WorkerHandle, announcement: Announcement): void {
    const generation = [this.#next, this.#generation].find((each) => each?.number === worker.identity.generation)
    if (generation === undefined) return
    void growGeneration(worker, { generation, announcement, start: () => this.#startGained(generation) })
  }

  onTerminated(watcher: Watcher, worker: WorkerHandle): void {
    if (this.#stop === undefined) watcher.replace(worker, 'it was told to stop')
  }

  onFlapping(watcher: Watcher, deaths: number): void {
    const { name, supervision } = watcher.plan
    const { flappingWindowMs: windowMs } = supervision.restart
    if (this.#state === 'starting' && this.#isRequired(watcher))
      this.#fail(createError('EKB_ERR_FLAPPING', { service: name, count: deaths, windowMs }))
    else this.#options.log.error({ service: name, deaths, windowMs }, 'workers keep dying; trying again more slowly')
  }

  /** Tells every caller which workers are ready now. */
  publish(): void {
    const pools = Object.fromEntries(this.#watchers.map(({ service, members }) => [service, members]))
    const incarnations = this.#watchers.flatMap(({ slots }) => slots.incarnations)
    this.#snapshot = { version: this.#snapshot.version + 1, pools, lost: incarnations.flatMap(lostAddress) }
    for (const { worker, plan } of incarnations) {
      // Those of the entry service ask whether there are others who serve.
      if ((plan.entry || plan.dependencies.length > 0) && isListening(worker)) {
        worker.tell({ type: 'snapshot', snapshot: this.#snapshot })
      }
    }
  }

  /** Sends on the held workers whose dependencies are ready. */
  release(): void {
    for (const watcher of this.#watchers) {
      watcher.release(({ plan, worker }) => {
        const { generation } = worker.identity
        const targets = this.#targetsOf(plan, generation)
        return mayStart(plan, { pools: this.#snapshot.pools, generation, targets })
          ? this.#startMessage({ plan, worker }, watcher.isProving(generation))
          : undefined
      })
    }
  }

  #startGained(generation: Generation): Readonly<Record<string, PoolSettings>> {
    if (this.#stop === undefined) for (const watcher of this.#cover(generation)) watcher.start()
    this.publish()
    const app = generation.plan.services.find(({ entry }) => entry) as ServicePlan
    return poolSettings(this.#targetsOf(app, generation.number))
  }

  /** Services that the plan of a generation has gained get a watcher each, which has no slot yet. */
  #cover(generation: Generation): readonly Watcher[] {
    const gained = generation.plan.services.filter(({ name }) => this.watcher(name) === undefined)
    const watchers = gained.map(({ name }) => this.#watch(name, generation))
    this.#watchers = [...this.#watchers, ...watchers]
    return watchers
  }

  #startMessage({ plan, worker }: Pick<Incarnation, 'plan' | 'worker'>, standby: boolean): StartMessage {
    const pools = poolSettings(this.#targetsOf(plan, worker.identity.generation))
    const { traffic, entry } = plan
    const { maxRequests, maxRequestsJitter } = plan.supervision
    const recycling = { maxRequests, maxRequestsJitter }
    return { type: 'start', traffic, recycling, standby: standby && entry, pools, snapshot: this.#snapshot }
  }

  /** What a service calls, as its own generation knows it. */
  #targetsOf(plan: ServicePlan, generation: number): readonly ServicePlan[] {
    return plan.dependencies.flatMap(({ service }) => this.watcher(service)?.planIn(generation) ?? [])
  }

  #watch(service: string, generation: Generation): Watcher {
    return new Watcher({
      service,
      generation,
      log: this.#options.log.child({ service }),
      now: monotonicMs,
      random: Math.random,
      budget: this.#budget,
      observer: this,
    })
  }

  /** Can the entry service not do without it? What is optional does not hold up the start. */
  #isRequired({ service }: Watcher): boolean {
    return servicesNeeded(this.#generation.plan).has(service)
  }

  /** Says once that a service has no ready worker, and once that it has one again. */
  #noteOutage({ service, ready }: Watcher): void {
    if (this.#stop !== undefined) return
    const change = this.#outages.note(service, ready.length, monotonicMs())
    if (change?.is === 'down') this.#options.log.warn({ service }, 'service is down: it has no ready worker')
    if (change?.is === 'back') {
      this.#options.log.info({ service, downMs: Math.round(change.afterMs) }, 'service is back')
    }
  }

  /** Does the current plan have this service, or the one that is being rolled out? */
  #isPlanned({ service }: Watcher): boolean {
    const services = [...this.#generation.plan.services, ...(this.#next?.plan.services ?? [])]
    return services.some(({ name }) => name === service)
  }

  /** Is there a caller of this generation, or will there be one? */
  #isCalled(service: string, generation: number): boolean {
    return this.#watchers.some((caller) => {
      const calls = caller.planIn(generation)?.dependencies.some((edge) => edge.service === service)
      if (calls !== true) return false
      return (
        caller.slots.all.some(({ wanted }) => wanted.includes(generation)) ||
        caller.workers.some(({ identity }) => identity.generation === generation)
      )
    })
  }

  /** For as long as there are workers. */
  #watchLiveness(): void {
    const { log, folder } = this.#options
    const publish = (): void => this.publish()
    const watch = watchLiveness({ log, folder, now: monotonicMs, watchers: () => this.#watchers, publish })
    void this.stopped.then(() => watch.stop())
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
    if (!this.#advanceState(event)) return
    this.#ready.reject(reason)
    // Where nothing waits for the start any more, its rejection is of no interest.
    this.#ready.promise.catch(() => {})
    for (const watcher of this.#watchers) watcher.endTrials(reason)
    const { supervision } = this.entry.plan
    this.#stop = new StopSequence({
      groups: stopOrder(this.#watchers),
      timeoutMs,
      prestopDelayMs: supervision.prestopDelayMs,
      beforeDrain: this.#options.closeSocket,
      now: monotonicMs,
      log: this.#options.log,
    })
    void this.#stop.run().then(() => {
      this.#advanceState('drained')
      this.#stopped.resolve({ forced: this.#forced })
    })
  }

  /** What is cut while the instance runs is said at once; the exit code tells of the stop alone. */
  #noteForced(worker: WorkerHandle): void {
    const { service, slot } = worker.identity
    const { cut, forced } = worker.record
    const found = cut.map((what) => `${service}#${slot}: ${what}`)
    if (this.#stop === undefined) {
      for (const what of found) this.#options.log.warn({ what }, 'had to be cut short')
      return
    }
    if (forced === true) found.push(`${service}#${slot}: ${describeExit(worker.record)}`)
    this.#forced.push(...found)
  }

  #advanceState(event: SupervisorEvent): boolean {
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

/** Does it know of pools already, so that it is to hear of changes? */
function isListening({ state }: WorkerHandle): boolean {
  return state === 'starting' || state === 'standby' || state === 'ready' || state === 'draining'
}
