import type { RestartPlan } from '../plan/serve-plan.js'
import { isBooting, type WorkerState } from '../worker/lifecycle.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import type { RestartBudget } from './restart-budget.js'
import { type Death, nextRestart, provenAfterMs, type RestartDecision, recentDeaths } from './restart-policy.js'

export interface ServiceRestartsOptions {
  /** As the current plan has them. */
  readonly settings: () => { readonly restart: RestartPlan; readonly minReadyMs: number }
  /** Shared by all services of the instance. */
  readonly budget: RestartBudget
}

/** A death, where it happened. */
export interface SlotDeath extends Death {
  readonly slot: number
  readonly generation: number
}

export interface Restart extends RestartDecision {
  /** It began with this death. */
  readonly beganFlapping: boolean
}

/** What must be known of a worker to judge whether restarts help. */
export interface TriedWorker {
  readonly generation: number
  readonly state: WorkerState
  /** Since when it could serve; undefined: it cannot yet. */
  readonly provenSince: number | undefined
}

/** What must be known of a slot to decide when it is filled again. */
export interface TriedSlot {
  readonly slot: number
  /** Generations a worker is wanted of, the newest first. */
  readonly wanted: readonly number[]
  readonly workers: readonly TriedWorker[]
  /** Nothing is spawned in it before this time. */
  readonly notBefore: number
}

export interface Gate<TSlot extends TriedSlot> {
  /** The slots as they were given, with `notBefore` put off where a restart has to wait. */
  readonly slots: readonly TSlot[]
  /** When to look again although nothing happens; Infinity: no need. */
  readonly nextAt: number
  /** It was flapping, and a worker has just shown that the cause is gone. */
  readonly recovered: boolean
  /** A restart waits only because there were so many in the whole instance. */
  readonly overBudget: boolean
}

/** Workers of a service keep dying. */
interface Flapping {
  readonly since: number
  /** No further try before. */
  readonly nextTryAt: number
  /** A try that has been ready for so long ends it. */
  readonly provenAfterMs: number
}

/**
 * How the empty slots of one service are filled again. As long as restarts help, each slot waits for itself. While
 * the service flaps it is *half-open*: one slot at a time is tried, the one that was tried longest ago, with waits
 * that go on growing to their ceiling; a try that proves itself opens all the others. Deaths of one generation say
 * nothing about another's code.
 *
 * Times are given to it, in milliseconds that only rise.
 */
export class ServiceRestarts {
  readonly #options: ServiceRestartsOptions
  #generation: number | undefined
  #deaths: readonly Death[] = []
  #flapping: Flapping | undefined
  /** Slots whose next try follows one that failed: it counts against the budget of all. */
  readonly #repeated = new Set<number>()
  /** Slots whose next worker somebody has asked for: it does not wait. */
  readonly #asked = new Set<number>()

  constructor(options: ServiceRestartsOptions) {
    this.#options = options
  }

  get isFlapping(): boolean {
    return this.#flapping !== undefined
  }

  /** Deaths that are remembered. */
  get deaths(): number {
    return this.#deaths.length
  }

  /** A worker ended and nobody had asked for it; its slot is tried again after `waitMs`, if `gate` lets it. */
  onDeath({ slot, generation, ...death }: SlotDeath, random: number): Restart {
    if (generation !== this.#generation) this.#reset(generation)
    const { restart: policy, minReadyMs } = this.#options.settings()
    const history = [...this.#deaths, death]
    const decision = nextRestart(history, policy, random)
    this.#deaths = recentDeaths(history, policy)
    if (decision.streak > 1) this.#repeated.add(slot)
    else this.#repeated.delete(slot)
    const before = this.#flapping
    if (decision.flapping || before !== undefined) {
      this.#flapping = {
        since: before?.since ?? death.at,
        nextTryAt: death.at + decision.waitMs,
        provenAfterMs: provenAfterMs(this.#deaths, policy, minReadyMs),
      }
    }
    return { ...decision, beganFlapping: before === undefined && decision.flapping }
  }

  /** The next worker of this slot is asked for. */
  onAsked(slot: number): void {
    this.#asked.add(slot)
  }

  /** A worker was started in this slot. */
  onSpawn(slot: number, now: number): void {
    if (this.#asked.delete(slot)) return
    if (this.#repeated.delete(slot)) this.#options.budget.take(now)
  }

  /** Which of the slots may be filled, and when. */
  gate<TSlot extends TriedSlot>(slots: readonly TSlot[], now: number): Gate<TSlot> {
    const generation = this.#generation
    if (generation !== undefined && !slots.some(({ wanted }) => wanted.includes(generation))) this.#reset(undefined)
    const workers = slots.flatMap((slot) => slot.workers)
    const recovered =
      this.#flapping !== undefined && workers.some((worker) => (this.#provenAt(worker) ?? Infinity) <= now)
    if (recovered) this.#flapping = undefined
    const halfOpen = this.#flapping === undefined ? slots : this.#halfOpen(slots, this.#flapping)
    const held = this.#holdToBudget(halfOpen, now)
    const nextAt =
      this.#flapping === undefined
        ? Infinity
        : Math.min(Infinity, ...workers.flatMap((worker) => this.#provenAt(worker) ?? []))
    return { slots: held.slots, nextAt, recovered, overBudget: held.overBudget }
  }

  #reset(generation: number | undefined): void {
    this.#generation = generation
    this.#deaths = []
    this.#flapping = undefined
    this.#repeated.clear()
  }

  /** When a worker that became ready since the flapping began has shown that the cause is gone. */
  #provenAt({ state, provenSince, generation }: TriedWorker): number | undefined {
    const flapping = this.#flapping
    if (flapping === undefined || generation !== this.#generation) return undefined
    if (state !== 'ready' || provenSince === undefined || provenSince < flapping.since) return undefined
    return provenSince + flapping.provenAfterMs
  }

  #halfOpen<TSlot extends TriedSlot>(slots: readonly TSlot[], { nextTryAt }: Flapping): readonly TSlot[] {
    const empty = slots.filter((slot) => this.#isEmpty(slot))
    const isTrying = slots
      .flatMap((slot) => slot.workers)
      .some((worker) => this.#isOurs(worker) && (isBooting(worker.state) || this.#provenAt(worker) !== undefined))
    const [next] = empty.toSorted((a, b) => a.notBefore - b.notBefore)
    return slots.map((slot) => {
      if (!empty.includes(slot)) return slot
      return { ...slot, notBefore: slot === next && !isTrying ? nextTryAt : Infinity }
    })
  }

  #holdToBudget<TSlot extends TriedSlot>(
    slots: readonly TSlot[],
    now: number,
  ): { slots: readonly TSlot[]; overBudget: boolean } {
    let ahead = 0
    let overBudget = false
    const held = slots.map((slot) => {
      if (!this.#repeated.has(slot.slot) || !this.#isEmpty(slot) || slot.notBefore > now) return slot
      const notBefore = this.#options.budget.earliestAt(now, ahead++)
      if (notBefore > now) overBudget = true
      return { ...slot, notBefore }
    })
    return { slots: held, overBudget }
  }

  /** Is the next worker of this slot one more try of what died? */
  #isEmpty({ slot, wanted, workers }: TriedSlot): boolean {
    return (
      !this.#asked.has(slot) &&
      wanted[0] === this.#generation &&
      !workers.some((worker) => this.#isOurs(worker) && isLive(worker))
    )
  }

  #isOurs({ generation }: TriedWorker): boolean {
    return generation === this.#generation
  }
}

/** The end of a worker as what it says about restarts. */
export function deathOf({ identity, record, spawnedAt }: DeadWorker, at: number): SlotDeath {
  const { slot, generation } = identity
  const readyForMs = record.readyAt === undefined ? undefined : at - record.readyAt
  return { slot, generation, at, readyForMs, spawnedAt }
}

type DeadWorker = Pick<WorkerHandle, 'identity' | 'record' | 'spawnedAt'>

function isLive({ state }: TriedWorker): boolean {
  return state === 'ready' || isBooting(state)
}
