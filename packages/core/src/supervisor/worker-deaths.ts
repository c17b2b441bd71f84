import type { WorkerHandle } from '../worker/worker-handle.js'
import type { RestartReport } from './restart-report.js'
import { deathOf, type ServiceRestarts } from './service-restarts.js'
import { bootErrorOf, type Slot } from './slot.js'
import type { SlotTable } from './slot-table.js'
import type { Trials } from './trial.js'
import { describeExit } from './worker-exit.js'

export interface WorkerDeathsOptions {
  readonly slots: SlotTable
  readonly trials: Trials
  readonly restarts: ServiceRestarts
  readonly report: RestartReport
  readonly now: () => number
  readonly random: () => number
  /** Workers have begun to die so often that another try now is unlikely to help. */
  readonly onFlapping: (deaths: number) => void
}

/** What the end of a worker means to its slot: a trial that has failed, or a wait before the next one starts. */
export class WorkerDeaths {
  readonly #options: WorkerDeathsOptions

  constructor(options: WorkerDeathsOptions) {
    this.#options = options
  }

  /** Accounts for the end of a worker; one that nobody asked for delays the next in its slot. */
  reap(worker: WorkerHandle): void {
    const { slots, trials, report, now } = this.#options
    const slot = slots.of(worker)
    const incarnation = slot?.remove(worker)
    if (slot === undefined || incarnation === undefined) return
    slot.lastExit = describeExit(worker.record)
    if (incarnation.leaving) return
    if (trials.fail(worker, bootErrorOf(incarnation))) return slot.rest(now())
    const waitMs = this.delayNext(slot, worker)
    const { generation } = worker.identity
    // Its successor is there already, or was asked for.
    const isExpected = slot.fit(generation) !== undefined || trials.awaits(slot.index, generation)
    if (isExpected) slot.notBefore = 0
    report.died(worker, isExpected ? 0 : waitMs)
  }

  /** The longer, the less the last tries have helped. */
  delayNext(slot: Slot, worker: WorkerHandle): number {
    const { restarts, now, random, onFlapping } = this.#options
    slot.restarts++
    const at = now()
    const { waitMs, beganFlapping } = restarts.onDeath(deathOf(worker, at), random())
    slot.notBefore = at + waitMs
    if (beganFlapping) onFlapping(restarts.deaths)
    return waitMs
  }
}
