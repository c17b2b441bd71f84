import type { WorkerHandle } from '../worker/worker-handle.js'
import type { SlotView } from './reconcile.js'
import { type Incarnation, Slot } from './slot.js'

/** The slots of one pool. */
export class SlotTable {
  readonly #slots = new Map<number, Slot>()

  /** In order. */
  get all(): readonly Slot[] {
    return [...this.#slots.values()].sort((a, b) => a.index - b.index)
  }

  /** What is to be known of each to decide about it. */
  get views(): readonly SlotView[] {
    return this.all.map((slot) => slot.view())
  }

  /** Every worker that is not gone, in slot order. */
  get incarnations(): readonly Incarnation[] {
    return this.all.flatMap((slot) => slot.incarnations)
  }

  /** Is every slot served by a ready worker of each generation it wants? */
  get isComplete(): boolean {
    return this.all.every((slot) => slot.wanted.every((each) => isReady(slot.fit(each))))
  }

  /** Are there workers that are to leave and were not told yet? */
  get isCrowded(): boolean {
    return this.all.some(
      ({ incarnations, wanted }) => incarnations.filter(({ leaving }) => !leaving).length > wanted.length,
    )
  }

  /** Is nothing there, and nothing wanted? */
  get isDone(): boolean {
    return this.all.every(({ incarnations, wanted }) => incarnations.length === 0 && wanted.length === 0)
  }

  at(index: number): Slot | undefined {
    return this.#slots.get(index)
  }

  of(worker: WorkerHandle): Slot | undefined {
    return this.#slots.get(worker.identity.slot)
  }

  /** Makes the slot, wanting this, where there is none. */
  ensure(index: number, wanted: readonly number[]): Slot {
    const existing = this.#slots.get(index)
    if (existing !== undefined) return existing
    const slot = new Slot(index, wanted)
    this.#slots.set(index, slot)
    return slot
  }

  forget(index: number): void {
    this.#slots.delete(index)
  }

  /** Slots below `count` want this generation, if they wanted nothing; those beyond want nothing. */
  fill(count: number, generation: number): void {
    for (const slot of this.all) if (slot.index >= count) slot.wanted = []
    for (let index = 0; index < count; index++) {
      const slot = this.ensure(index, [generation])
      if (slot.wanted.length === 0) slot.wanted = [generation]
    }
  }

  /** Has any slot a worker of this generation, or wants one? */
  needs(generation: number): boolean {
    const isOf = ({ worker }: Incarnation): boolean => worker.identity.generation === generation
    return this.all.some(({ wanted, incarnations }) => wanted.includes(generation) || incarnations.some(isOf))
  }

  /** Has this slot a ready worker of this generation that is to stay? */
  isServed(index: number, generation: number): boolean {
    return isReady(this.at(index)?.fit(generation))
  }
}

function isReady(incarnation: Incarnation | undefined): boolean {
  return incarnation?.worker.state === 'ready'
}
