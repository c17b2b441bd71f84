import { type Deferred, deferred } from '../util/deferred.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import type { Slot } from './slot.js'
import type { SlotTable } from './slot-table.js'

/** Someone waits until the new worker of a slot has proved itself. */
interface Trial {
  readonly slot: number
  generation: number
  /** Whose place the new worker is to take. */
  readonly predecessors: readonly WorkerHandle[]
  readonly outcome: Deferred<void>
}

/** Nobody wants a worker any more in the slot whose worker was on trial. */
export class SlotGivenUp extends Error {
  override name = 'SlotGivenUp'

  constructor() {
    super('its slot was given up meanwhile')
  }
}

/** Who waits for which new worker to prove itself. A worker on trial that dies ends its trial, and is no other death. */
export class Trials {
  #open: readonly Trial[] = []

  begin({ index: slot, replaced: predecessors }: Slot, generation: number): Promise<void> {
    const trial: Trial = { slot, generation, predecessors, outcome: deferred() }
    this.#open = [...this.#open, trial]
    return trial.outcome.promise
  }

  /** Passes those whose worker has been able to serve for `minReadyMs`; when to look again, Infinity: no need. */
  judge(slots: SlotTable, now: number, minReadyMs: number): number {
    this.#follow(slots)
    let lookAt = Number.POSITIVE_INFINITY
    for (const trial of this.#open) {
      const worker = slots.at(trial.slot)?.fit(trial.generation)?.worker
      const { provenSince } = worker?.record ?? {}
      if (provenSince === undefined || (worker?.state !== 'ready' && worker?.state !== 'standby')) continue
      const provenAt = provenSince + minReadyMs
      if (provenAt > now) {
        lookAt = Math.min(lookAt, provenAt)
        continue
      }
      this.#close([trial])
      trial.outcome.resolve()
    }
    return lookAt
  }

  /** A worker has died: ends every trial it was on; false: there was none. */
  fail(worker: WorkerHandle, error: Error): boolean {
    const { slot, generation } = worker.identity
    const failed = this.#of(slot, generation).filter(({ predecessors }) => !predecessors.includes(worker))
    this.#close(failed)
    for (const { outcome } of failed) outcome.reject(error)
    return failed.length > 0
  }

  /** Does anyone wait for a worker of this generation in this slot? */
  awaits(slot: number, generation: number): boolean {
    return this.#of(slot, generation).length > 0
  }

  failAll(error: Error): void {
    const failed = this.#open
    this.#close(failed)
    for (const { outcome } of failed) outcome.reject(error)
  }

  /** Where a slot wants others by now, the trial is that of the newest of them; where it wants none, it has failed. */
  #follow(slots: SlotTable): void {
    for (const trial of this.#open) {
      const wanted = slots.at(trial.slot)?.wanted ?? []
      if (wanted.includes(trial.generation)) continue
      const [newest] = wanted
      if (newest !== undefined) {
        trial.generation = newest
        continue
      }
      this.#close([trial])
      trial.outcome.reject(new SlotGivenUp())
    }
  }

  #of(slot: number, generation: number): readonly Trial[] {
    return this.#open.filter((trial) => trial.slot === slot && trial.generation === generation)
  }

  #close(closed: readonly Trial[]): void {
    this.#open = this.#open.filter((trial) => !closed.includes(trial))
  }
}
