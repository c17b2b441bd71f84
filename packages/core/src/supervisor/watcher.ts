import type { Announcement, DrainMessage, PoolMember, StartMessage } from '../ipc/protocol.js'
import type { Logger } from '../observe/logger.js'
import type { ServicePlan } from '../plan/serve-plan.js'
import { Changes } from '../util/changes.js'
import { hearFirst } from '../util/hear-first.js'
import type { WorkerHandle, WorkerObserver, WorkerStateChange } from '../worker/worker-handle.js'
import type { Generation } from './generation.js'
import { PoolGenerations } from './pool-generations.js'
import { type PoolAction, reconcile } from './reconcile.js'
import { recycleReason } from './recycling.js'
import type { RestartBudget } from './restart-budget.js'
import { RestartReport } from './restart-report.js'
import { ServiceRestarts } from './service-restarts.js'
import { type Incarnation, isAvailable, memberOf, newIncarnation, placeOf, type Slot } from './slot.js'
import { SlotTable } from './slot-table.js'
import { Trials } from './trial.js'
import { WorkerDeaths } from './worker-deaths.js'

export interface WatcherOptions {
  readonly service: string
  readonly generation: Generation
  readonly log: Logger
  readonly now: () => number
  readonly random: () => number
  /** Shared by all services of the instance. */
  readonly budget: RestartBudget
  readonly observer: WatcherObserver
}

export interface WatcherObserver {
  /** A worker changed its state. */
  onPoolChange(watcher: Watcher, worker: WorkerHandle, change: WorkerStateChange): void
  /** A worker has ended and its watcher has forgotten it. */
  onGone(watcher: Watcher, worker: WorkerHandle): void
  /** Other workers than before can take calls, though none changed its state. */
  onAvailability(watcher: Watcher): void
  /** A worker of a host app calls more than was planned. */
  onAnnounced(watcher: Watcher, worker: WorkerHandle, announcement: Announcement): void
  /** A worker was told to stop from outside. */
  onTerminated(watcher: Watcher, worker: WorkerHandle): void
  /** A worker died, or another is to take its place; `reason`: in a few words. */
  onRestart(watcher: Watcher, reason: string): void
  /** Workers have begun to die so often that another try now is unlikely to help; the watcher goes on trying. */
  onFlapping(watcher: Watcher, deaths: number): void
}

/** Why a worker is replaced whose service said so. */
const NOT_ALIVE = 'isAlive() said false'

type Farewell = Pick<DrainMessage, 'timeoutMs' | 'keepAliveDrainMs'>

/** Keeps one service at its number of workers, each of the generation its slot wants: applies what `reconcile` decides. */
export class Watcher implements WorkerObserver {
  readonly service: string
  readonly #options: WatcherOptions
  readonly #slots = new SlotTable()
  readonly #generations: PoolGenerations
  readonly #trials = new Trials()
  readonly #changes = new Changes()
  #generation: Generation
  #target: number
  readonly #restarts: ServiceRestarts
  readonly #report: RestartReport
  readonly #deaths: WorkerDeaths
  #callOff: (() => void) | undefined
  #incarnations = 0
  #isEnding = false
  /** The end of the instance sets how everyone leaves. */
  #farewell: Farewell | undefined
  /** Entry workers of this generation must prove themselves before they accept. */
  #proving: number | undefined

  constructor(options: WatcherOptions) {
    this.#options = options
    this.service = options.service
    this.#generation = options.generation
    this.#generations = new PoolGenerations(options.service)
    this.learn(options.generation)
    this.#target = this.plan.workers
    this.#report = new RestartReport(options.log, (reason) => options.observer.onRestart(this, reason))
    this.#restarts = new ServiceRestarts({ budget: options.budget, settings: () => this.plan.supervision })
    this.#deaths = new WorkerDeaths({
      slots: this.#slots,
      trials: this.#trials,
      restarts: this.#restarts,
      report: this.#report,
      now: options.now,
      random: options.random,
      onFlapping: (deaths) => options.observer.onFlapping(this, deaths),
    })
  }

  /** Of the generation that new slots get. */
  get plan(): ServicePlan {
    return this.planIn(this.#generation.number) as ServicePlan
  }

  get generation(): number {
    return this.#generation.number
  }

  get target(): number {
    return this.#target
  }

  /** Do its workers keep dying? */
  get isFlapping(): boolean {
    return this.#restarts.isFlapping
  }

  get slots(): SlotTable {
    return this.#slots
  }

  get workers(): readonly WorkerHandle[] {
    return this.#slots.incarnations.map(({ worker }) => worker)
  }

  get ready(): readonly WorkerHandle[] {
    return this.#slots.incarnations.filter(isAvailable).map(({ worker }) => worker)
  }

  /** The ready workers as their callers see them. */
  get members(): readonly PoolMember[] {
    return this.#slots.incarnations
      .filter((incarnation) => incarnation.usable && isAvailable(incarnation))
      .map(memberOf)
  }

  /** The plan of this service in a generation; undefined: that one has no such service. */
  planIn(generation: number): ServicePlan | undefined {
    return this.#generations.planOf(generation)
  }

  /** Makes workers of this generation possible. */
  learn(generation: Generation): void {
    this.#generations.learn(generation, (number) => number < this.generation && !this.#slots.needs(number))
  }

  /** From now on slots that are added are of this generation, in the number its plan asks for. */
  advance(generation: Generation): void {
    const before = this.plan.workers
    this.learn(generation)
    this.#generation = generation
    if (this.#isEnding) return
    if (this.plan.workers !== before) this.#target = this.plan.workers
    this.#slots.fill(this.#target, this.generation)
    this.reconcile()
  }

  /** Takes over a worker that was spawned before the plan was known; one that has exited meanwhile is in no slot. */
  adopt(worker: WorkerHandle, generation: Generation): void {
    this.learn(generation)
    if (worker.state === 'exited') return
    const plan = this.planIn(generation.number) as ServicePlan
    this.#slots
      .ensure(worker.identity.slot, [generation.number])
      .add(newIncarnation(this.#incarnations++, worker, plan))
    worker.adopt({ service: this.service, bootTimeoutMs: plan.supervision.bootTimeoutMs, observer: this })
  }

  /** Fills every slot, at the start. */
  start(): void {
    this.#slots.fill(this.#target, this.generation)
    this.reconcile()
  }

  /** Sets the number of workers, at the end none; resolves when so many are ready and the rest were told to leave. */
  scale(workers: number): Promise<void> {
    this.#target = this.#isEnding ? 0 : workers
    this.#slots.fill(this.#target, this.generation)
    this.reconcile()
    return this.#changes.until(() => this.#slots.isComplete && !this.#slots.isCrowded)
  }

  /** Sets which generations a slot wants, the newest first; `retiring`: the older ones only until nobody calls them. */
  want(slot: number, generations: readonly number[], { retiring = false } = {}): void {
    if (this.#isEnding) return
    const place = this.#slots.ensure(slot, generations)
    place.wanted = generations
    place.retiring = retiring
    this.reconcile()
  }

  /**
   * Resolves when the worker of this generation in this slot, or of the one that takes its place meanwhile, has proved
   * itself; rejects when it dies before, or when the slot is given up.
   */
  trial(slot: number, generation: number): Promise<void> {
    const place = this.#slots.ensure(slot, [generation])
    const outcome = this.#trials.begin(place, generation)
    // Whoever asks for it does not wait until the deaths before it are forgotten.
    place.notBefore = 0
    this.#restarts.onAsked(slot)
    this.reconcile()
    return outcome
  }

  /** Entry workers of this generation start in standby, until `admit`. */
  prove(generation: number): void {
    this.#proving = generation
  }

  /** No worker starts in standby any more. */
  endProof(): void {
    this.#proving = undefined
  }

  /** Lets those in standby accept. */
  admit(): void {
    this.endProof()
    for (const worker of this.workers) if (worker.state === 'standby') worker.admit()
  }

  isProving(generation: number): boolean {
    return this.#proving === generation
  }

  /** Sends the held workers on their way; undefined: not yet. */
  release(messageFor: (incarnation: Incarnation) => StartMessage | undefined): void {
    for (const incarnation of this.#slots.incarnations) {
      if (incarnation.worker.state !== 'held') continue
      const message = messageFor(incarnation)
      if (message !== undefined) incarnation.worker.start(message)
    }
  }

  /** Another takes the place of a ready worker, which then drains; `usable: false`: callers go elsewhere at once. */
  replace(worker: WorkerHandle, reason: string, { usable = true } = {}): void {
    const found = this.#slots.at(worker.identity.slot)?.find(worker)
    if (found === undefined || worker.state !== 'ready' || found.replaceReason !== undefined) return
    found.replaceReason = reason
    found.usable = usable
    this.#report.replacing(worker, reason)
    this.reconcile()
  }

  /** Replaces the worker of a slot; rejects, and the old one stays, when its successor does not prove itself. */
  async restart(index: number): Promise<void> {
    const slot = this.#slots.at(index)
    const [generation] = slot?.wanted ?? []
    if (slot === undefined || generation === undefined) return
    const old = slot.fit(generation)
    if (old !== undefined) this.replace(old.worker, 'restart')
    try {
      await this.trial(index, generation)
    } catch (error) {
      if (old !== undefined && !old.leaving) old.replaceReason = undefined
      this.reconcile()
      throw error
    }
  }

  /** Drains every worker and starts no more; those that drain already are given no more time than this. */
  stop(timeoutMs: number): void {
    this.#isEnding = true
    const { drainTimeoutMs, keepAliveDrainMs } = this.plan.supervision
    this.#farewell = { timeoutMs: Math.min(timeoutMs, drainTimeoutMs), keepAliveDrainMs }
    for (const { worker } of this.#slots.incarnations) if (worker.state === 'draining') this.#sayFarewell(worker)
    void this.scale(0)
  }

  /** Kills what is left, with no grace. */
  kill(): void {
    this.#isEnding = true
    this.#target = 0
    this.#slots.fill(this.#target, this.generation)
    this.#callOff?.()
    for (const incarnation of this.#slots.incarnations) {
      incarnation.leaving = true
      incarnation.worker.kill()
    }
  }

  /** Resolves when no worker of this service is left. */
  whenEmpty(): Promise<void> {
    return this.#changes.until(() => this.#slots.incarnations.length === 0)
  }

  /** Resolves when none of those that drain accepts any more. */
  whenWithdrawn(): Promise<void> {
    return this.#changes.until(() =>
      this.workers.every(({ state, record }) => state !== 'draining' || record.withdrawn === true),
    )
  }

  /** Gives up waiting for anyone to prove itself. */
  endTrials(error: Error): void {
    this.#trials.failAll(error)
  }

  reconcile(): void {
    this.#callOff?.()
    const now = this.#options.now()
    const { surge, minReadyMs } = this.plan.supervision
    const gate = this.#restarts.gate(this.#slots.views, now)
    this.#report.looked(gate)
    const { actions, nextAt = Infinity } = reconcile(gate.slots, { surge, minReadyMs }, now)
    for (const action of actions) this.#perform(action)
    const lookAt = Math.min(nextAt, gate.nextAt, this.#trials.judge(this.#slots, now, minReadyMs))
    // A timer may fire a moment early: a look that comes too soon would only set another.
    if (lookAt !== Infinity) this.#callOff = hearFirst(Math.ceil(lookAt - now), () => this.reconcile())
  }

  onState(worker: WorkerHandle, change: WorkerStateChange): void {
    const { slot, generation } = worker.identity
    this.#options.log.debug({ slot, generation, ...placeOf(worker), ...change }, 'worker state')
    this.#options.observer.onPoolChange(this, worker, change)
    if (change.to === 'exited') {
      this.#deaths.reap(worker)
      this.#options.observer.onGone(this, worker)
    }
    this.reconcile()
    this.#changes.tell()
  }

  onAnnounced(worker: WorkerHandle, announcement: Announcement): void {
    this.#options.observer.onAnnounced(this, worker, announcement)
  }

  onTerminated(worker: WorkerHandle): void {
    this.#options.observer.onTerminated(this, worker)
  }

  onWithdrawn(): void {
    this.#changes.tell()
  }

  onHeartbeat(worker: WorkerHandle): void {
    const slot = this.#slots.of(worker)
    const incarnation = slot?.find(worker)
    if (slot === undefined || incarnation === undefined) return
    const { ready = true, alive = true } = worker.record.vitals ?? {}
    this.#noteReadiness(incarnation, ready)
    if (this.#isEnding) return
    if (!alive) return this.#giveUp(slot, incarnation)
    const reason = recycleReason(worker.record, this.#options.now(), incarnation.plan.supervision)
    if (reason !== undefined) this.replace(worker, reason)
  }

  #noteReadiness(incarnation: Incarnation, saysReady: boolean): void {
    if (incarnation.saysReady === saysReady) return
    incarnation.saysReady = saysReady
    // On its way up it is waited for.
    if (incarnation.worker.state !== 'ready') return
    this.#report.saidReady(incarnation.worker, saysReady)
    this.#options.observer.onAvailability(this)
  }

  /** Its own service says that it is past help: its place is taken like that of one that died, but it may finish its calls. */
  #giveUp(slot: Slot, { worker, replaceReason }: Incarnation): void {
    if (worker.state !== 'ready' || replaceReason !== undefined) return
    this.#deaths.delayNext(slot, worker)
    this.replace(worker, NOT_ALIVE, { usable: false })
    this.#options.observer.onAvailability(this)
  }

  #perform(action: PoolAction): void {
    switch (action.do) {
      case 'spawn':
        this.#spawn(action.slot, action.generation)
        return
      case 'drain':
        this.#drain(action.slot, action.id)
        return
      case 'forget':
        this.#slots.forget(action.slot)
        return
    }
  }

  #spawn(index: number, number: number): void {
    const generation = this.#generations.get(number)
    const plan = this.planIn(number)
    if (generation === undefined || plan === undefined) return
    const incarnation = newIncarnation(this.#incarnations++, generation.makeWorker(plan, index), plan)
    this.#slots.ensure(index, [number]).add(incarnation)
    this.#restarts.onSpawn(index, this.#options.now())
    incarnation.worker.spawn(this)
  }

  #drain(index: number, id: number): void {
    const incarnation = this.#slots.at(index)?.incarnations.find((each) => each.id === id)
    if (incarnation === undefined) return
    incarnation.leaving = true
    this.#sayFarewell(incarnation.worker, incarnation.plan)
  }

  /** One that is replaced may take its time: its successor serves. */
  #sayFarewell(worker: WorkerHandle, { supervision } = this.plan): void {
    const unhurried = { timeoutMs: supervision.reloadDrainMs, keepAliveDrainMs: null }
    worker.drain({ type: 'drain', ...(this.#farewell ?? unhurried) })
  }
}
