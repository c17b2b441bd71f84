import type { PoolMember } from '../ipc/protocol.js'
import type { ServicePlan } from '../plan/serve-plan.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import type { SlotView, WorkerView } from './reconcile.js'
import { bootError } from './worker-exit.js'

/** One worker in a slot, and what the supervisor means to do with it. */
export interface Incarnation {
  readonly id: number
  readonly worker: WorkerHandle
  /** Of its own generation. */
  readonly plan: ServicePlan
  /** Why another is to take its place; undefined: it is to stay. */
  replaceReason: string | undefined
  /** May callers still be sent to it? */
  usable: boolean
  /** Does its service say that it can take calls? */
  saysReady: boolean
  /** Its end was asked for, so it is no death. */
  leaving: boolean
}

/** A worker that has just been given its slot. */
export function newIncarnation(id: number, worker: WorkerHandle, plan: ServicePlan): Incarnation {
  return { id, worker, plan, replaceReason: undefined, usable: true, saysReady: true, leaving: false }
}

/** Can calls and requests be sent to it? */
export function isAvailable({ worker, saysReady }: Incarnation): boolean {
  return worker.state === 'ready' && saysReady
}

/** A ready worker as its callers see it. */
export function memberOf({ worker, plan }: Incarnation): PoolMember {
  const { slot, generation } = worker.identity
  return { slot, generation, address: worker.record.address ?? '', schemaHash: plan.schemaHash }
}

/** Where it runs, for the log. */
export function placeOf({ pid, threadId }: WorkerHandle): { workerPid: number | undefined; workerThread?: number } {
  return { workerPid: pid, ...(threadId !== undefined && { workerThread: threadId }) }
}

/** Where its calls went, if it is being killed: no answer will come from there. */
export function lostAddress({ worker }: Incarnation): readonly string[] {
  const { address } = worker.record
  return worker.state === 'killing' && address !== undefined ? [address] : []
}

/** Why it did not become ready. */
export function bootErrorOf({ worker, plan }: Incarnation): Error {
  const { identity, record, lastOutput } = worker
  const { bootTimeoutMs } = plan.supervision
  return bootError({ service: identity.service, slot: identity.slot, bootTimeoutMs, record, lastOutput })
}

const REST_MS = 100

/** A stable place in the pool: workers come and go in it. */
export class Slot {
  readonly index: number
  /** See `SlotView`. */
  wanted: readonly number[]
  /** Older generations go as soon as nobody calls them any more. */
  retiring = false
  notBefore = 0
  restarts = 0
  lastExit: string | undefined
  #incarnations: Incarnation[] = []

  constructor(index: number, wanted: readonly number[]) {
    this.index = index
    this.wanted = wanted
  }

  /** Every one that is not gone. */
  get incarnations(): readonly Incarnation[] {
    return this.#incarnations
  }

  /** Those whose place another is to take. */
  get replaced(): readonly WorkerHandle[] {
    return this.#incarnations.filter(({ replaceReason }) => replaceReason !== undefined).map(({ worker }) => worker)
  }

  add(incarnation: Incarnation): void {
    this.#incarnations.push(incarnation)
  }

  remove(worker: WorkerHandle): Incarnation | undefined {
    const found = this.find(worker)
    this.#incarnations = this.#incarnations.filter((each) => each !== found)
    return found
  }

  find(worker: WorkerHandle): Incarnation | undefined {
    return this.#incarnations.find((each) => each.worker === worker)
  }

  /** The one of a generation that is to stay. */
  fit(generation: number): Incarnation | undefined {
    return this.#incarnations.find(
      ({ worker, leaving, replaceReason }) =>
        !leaving && replaceReason === undefined && worker.identity.generation === generation,
    )
  }

  /** A trial has failed: who began it decides what the slot is to want before another worker starts in it. */
  rest(now: number): void {
    this.notBefore = now + REST_MS
  }

  view(): SlotView {
    const { index: slot, wanted, notBefore } = this
    return { slot, wanted, notBefore, workers: this.#incarnations.map(viewOf) }
  }
}

function viewOf({ id, worker, replaceReason }: Incarnation): WorkerView {
  const { provenSince } = worker.record
  const { generation } = worker.identity
  return { id, generation, state: worker.state, flagged: replaceReason !== undefined, provenSince }
}
