import type { DrainMessage, PoolMember, StartMessage } from '../ipc/protocol.js'
import type { Logger } from '../observe/logger.js'
import type { ServicePlan } from '../plan/serve-plan.js'
import { type Deferred, deferred } from '../util/deferred.js'
import type { WorkerHandle, WorkerObserver, WorkerStateChange } from '../worker/worker-handle.js'
import { type PoolAction, reconcile, type SlotView } from './reconcile.js'
import { type Death, nextRestart, recentDeaths } from './restart-policy.js'
import { describeExit } from './worker-exit.js'

export interface WatcherOptions {
  readonly plan: ServicePlan
  readonly log: Logger
  readonly now: () => number
  readonly random: () => number
  /** Makes the next incarnation in a slot; the watcher spawns it. */
  readonly makeWorker: (plan: ServicePlan, slot: number) => WorkerHandle
  readonly observer: WatcherObserver
}

export interface WatcherObserver {
  /** A worker changed its state. */
  onPoolChange(watcher: Watcher, worker: WorkerHandle, change: WorkerStateChange): void
  /** A worker was told to stop from outside. */
  onTerminated(watcher: Watcher, worker: WorkerHandle): void
  /** Workers die so often that another try now is unlikely to help; the watcher goes on trying. */
  onFlapping(watcher: Watcher, deaths: number): void
}

/** A stable place in the pool: workers come and go in it. */
interface Slot {
  worker: WorkerHandle | undefined
  /** Its end was asked for, so it is no death. */
  leaving: boolean
  notBefore: number
  restarts: number
  lastExit: string | undefined
}

/** Keeps one service at its number of workers: applies what `reconcile` decides. */
export class Watcher implements WorkerObserver {
  readonly plan: ServicePlan
  readonly #options: WatcherOptions
  readonly #slots = new Map<number, Slot>()
  #target: number
  #deaths: readonly Death[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #waiters: Deferred<void>[] = []
  /** How workers that are no longer wanted are told to leave. */
  #farewell: Pick<DrainMessage, 'timeoutMs' | 'keepAliveDrainMs'>

  constructor(options: WatcherOptions) {
    this.#options = options
    this.plan = options.plan
    this.#target = options.plan.workers
    this.#farewell = {
      timeoutMs: options.plan.supervision.drainTimeoutMs,
      keepAliveDrainMs: options.plan.supervision.keepAliveDrainMs,
    }
  }

  get target(): number {
    return this.#target
  }

  /** Every worker that is not gone, in slot order. */
  get workers(): readonly WorkerHandle[] {
    return [...this.#slots.values()]
      .flatMap(({ worker }) => (worker === undefined || worker.state === 'exited' ? [] : [worker]))
      .sort((a, b) => a.identity.slot - b.identity.slot)
  }

  get ready(): readonly WorkerHandle[] {
    return this.workers.filter((worker) => worker.state === 'ready')
  }

  /** The ready workers as their callers see them. */
  get members(): readonly PoolMember[] {
    return this.ready.map((worker) => ({
      slot: worker.identity.slot,
      generation: worker.identity.generation,
      address: worker.record.address ?? '',
      schemaHash: this.plan.schemaHash,
    }))
  }

  /** What is known of a slot beside its worker. */
  slotHistory(slot: number): { readonly restarts: number; readonly lastExit: string | undefined } {
    const found = this.#slots.get(slot)
    return { restarts: found?.restarts ?? 0, lastExit: found?.lastExit }
  }

  /** Takes over a worker that was spawned before the plan was known. */
  adopt(worker: WorkerHandle): void {
    this.#slot(worker.identity.slot).worker = worker
    const { name, supervision } = this.plan
    worker.adopt({ service: name, bootTimeoutMs: supervision.bootTimeoutMs, observer: this })
  }

  /** Sets the number of workers; resolves when so many are ready and the rest are gone. */
  scale(workers: number): Promise<void> {
    this.#target = workers
    this.reconcile()
    return this.#settled()
  }

  /** Sends the held workers on their way. */
  release(message: StartMessage): void {
    for (const worker of this.workers) {
      if (worker.state === 'held') worker.start(message)
    }
  }

  /** Drains every worker and starts no more. */
  stop(timeoutMs: number): void {
    this.#farewell = { ...this.#farewell, timeoutMs: Math.min(timeoutMs, this.#farewell.timeoutMs) }
    void this.scale(0)
  }

  /** Kills what is left, with no grace. */
  kill(): void {
    this.#target = 0
    clearTimeout(this.#timer)
    for (const slot of this.#slots.values()) {
      slot.leaving = true
      slot.worker?.kill()
    }
  }

  /** Resolves when no worker of this service is left. */
  whenEmpty(): Promise<void> {
    return this.#target === 0 ? this.#settled() : Promise.resolve()
  }

  reconcile(): void {
    clearTimeout(this.#timer)
    const now = this.#options.now()
    const views: SlotView[] = [...this.#slots].map(([slot, { worker, notBefore }]) => ({
      slot,
      state: worker?.state,
      notBefore,
    }))
    const { actions, nextAt } = reconcile(views, { workers: this.#target }, now)
    for (const action of actions) this.#perform(action)
    if (nextAt !== undefined) this.#timer = setTimeout(() => this.reconcile(), nextAt - now)
  }

  onState(worker: WorkerHandle, change: WorkerStateChange): void {
    this.#options.log.debug({ slot: worker.identity.slot, workerPid: worker.pid, ...change }, 'worker state')
    this.#options.observer.onPoolChange(this, worker, change)
    if (change.to === 'exited') {
      this.#reap(worker)
      this.reconcile()
    }
    if (this.#isSettled()) for (const waiter of this.#waiters.splice(0)) waiter.resolve()
  }

  /** The graph was planned before a watcher came to be. */
  onAnnounced(): void {}

  onTerminated(worker: WorkerHandle): void {
    this.#options.observer.onTerminated(this, worker)
  }

  /** Drains a ready worker; another takes its slot when it is gone. */
  replace(worker: WorkerHandle): void {
    if (worker.state !== 'ready') return
    this.#options.log.info(
      { slot: worker.identity.slot, workerPid: worker.pid },
      'worker was told to stop; replacing it',
    )
    this.#drain(worker.identity.slot)
  }

  #perform(action: PoolAction): void {
    switch (action.do) {
      case 'spawn':
        this.#spawn(action.slot)
        return
      case 'drain':
        this.#drain(action.slot)
        return
      case 'forget':
        this.#slots.delete(action.slot)
        return
    }
  }

  #spawn(index: number): void {
    const slot = this.#slot(index)
    slot.leaving = false
    slot.worker = this.#options.makeWorker(this.plan, index)
    slot.worker.spawn(this)
  }

  #drain(index: number): void {
    const slot = this.#slot(index)
    slot.leaving = true
    slot.worker?.drain({ type: 'drain', ...this.#farewell })
  }

  #isSettled(): boolean {
    return this.workers.length === this.#target && this.ready.length === this.#target
  }

  #settled(): Promise<void> {
    if (this.#isSettled()) return Promise.resolve()
    const waiter = deferred()
    this.#waiters.push(waiter)
    return waiter.promise
  }

  /** Accounts for the end of a worker; one that nobody asked for delays the next in its slot. */
  #reap(worker: WorkerHandle): void {
    const slot = this.#slot(worker.identity.slot)
    slot.worker = undefined
    slot.lastExit = describeExit(worker.record)
    if (slot.leaving) return
    slot.restarts++
    const now = this.#options.now()
    const { readyAt } = worker.record
    const history = [...this.#deaths, { at: now, readyForMs: readyAt === undefined ? undefined : now - readyAt }]
    const { restart } = this.plan.supervision
    const decision = nextRestart(history, restart, this.#options.random())
    this.#deaths = recentDeaths(history, restart)
    slot.notBefore = now + decision.waitMs
    this.#options.log.error(
      {
        slot: worker.identity.slot,
        workerPid: worker.pid,
        exit: slot.lastExit,
        restartInMs: decision.waitMs,
        lastOutput: worker.lastOutput,
      },
      'worker died',
    )
    if (decision.flapping) this.#options.observer.onFlapping(this, this.#deaths.length)
  }

  #slot(index: number): Slot {
    const existing = this.#slots.get(index)
    if (existing !== undefined) return existing
    const slot: Slot = { worker: undefined, leaving: false, notBefore: 0, restarts: 0, lastExit: undefined }
    this.#slots.set(index, slot)
    return slot
  }
}
