import { isBooting, type WorkerState } from '../worker/lifecycle.js'

/** One worker of a slot as it is now. */
export interface WorkerView {
  readonly id: number
  readonly generation: number
  readonly state: WorkerState
  /** Another of its generation is to take its place. */
  readonly flagged: boolean
  /** Since when it could serve; undefined: it cannot yet. */
  readonly provenSince: number | undefined
}

/** One slot as it is, and as it should be. */
export interface SlotView {
  readonly slot: number
  /** A worker of each of these generations is to be there, the newest first; usually one. None: the slot is to go. */
  readonly wanted: readonly number[]
  readonly workers: readonly WorkerView[]
  /** Nothing is spawned in it before this time. */
  readonly notBefore: number
}

export interface ReplacePolicy {
  /** Slots that may be replaced at once, by a worker beyond the target each; 0: one, which ends before the next starts. */
  readonly surge: number
  /** How long a new worker must have been able to serve before the one it replaces goes. */
  readonly minReadyMs: number
}

export type PoolAction =
  | { readonly do: 'spawn'; readonly slot: number; readonly generation: number }
  | { readonly do: 'drain'; readonly slot: number; readonly id: number }
  | { readonly do: 'forget'; readonly slot: number }

export interface Reconciliation {
  readonly actions: readonly PoolAction[]
  /** When to look again although nothing happens; undefined: no need. */
  readonly nextAt: number | undefined
}

/**
 * What to do so that a pool comes to what is wanted. Level-triggered: computed from what is, not from what happened,
 * so a missed event cannot lead it astray, and calling it twice changes nothing.
 *
 * A worker is *surplus* when its generation is not wanted in its slot, when it is flagged, or when there is another
 * of its kind. It stays until its successor in the same slot has proved itself; without surge it goes first, and calls
 * wait meanwhile.
 */
export function reconcile(slots: readonly SlotView[], policy: ReplacePolicy, now: number): Reconciliation {
  const actions: PoolAction[] = []
  const looks: number[] = []
  const limit = Math.max(1, policy.surge)
  let replacing = slots.filter((slot) => isBeingReplaced(slot, policy, now)).length
  for (const view of slots) {
    const { slot, wanted, notBefore } = view
    if (wanted.length === 0 && view.workers.length === 0) {
      actions.push({ do: 'forget', slot })
      continue
    }
    const surplus = view.workers.filter((worker) => isSurplus(worker, view))
    const missing = wanted.filter((generation) => findFit(view, generation) === undefined)
    const isReplacement = surplus.length > 0 && wanted.length > 0
    if (isReplacement && missing.length > 0 && !isBeingReplaced(view, policy, now)) {
      if (replacing >= limit) continue
      replacing++
    }
    for (const generation of missing) {
      if (mustWaitFor(view, policy)) continue
      if (notBefore <= now) actions.push({ do: 'spawn', slot, generation })
      else looks.push(notBefore)
    }
    for (const worker of surplus) {
      const goesAt = leavesAt(worker, view, policy)
      if (goesAt === undefined) continue
      if (goesAt <= now) actions.push({ do: 'drain', slot, id: worker.id })
      else looks.push(goesAt)
    }
  }
  return { actions, nextAt: looks.length === 0 ? undefined : Math.min(...looks) }
}

/** Is it one that is still meant to serve? */
function isLive({ state }: WorkerView): boolean {
  return state === 'ready' || isBooting(state)
}

function isSurplus(worker: WorkerView, view: SlotView): boolean {
  if (!isLive(worker)) return false
  return !view.wanted.includes(worker.generation) || findFit(view, worker.generation)?.id !== worker.id
}

/** The worker that serves a generation in this slot; of several, one that is ready. */
function findFit({ workers }: SlotView, generation: number): WorkerView | undefined {
  const fits = workers.filter((worker) => isLive(worker) && !worker.flagged && worker.generation === generation)
  return fits.find(({ state }) => state === 'ready') ?? fits[0]
}

/** Is its place being taken just now, so that it counts against the limit? */
function isBeingReplaced(view: SlotView, policy: ReplacePolicy, now: number): boolean {
  if (!view.workers.some((worker) => isSurplus(worker, view))) {
    // Without surge the old one is gone, or going, while the new one comes.
    return (
      policy.surge === 0 && view.wanted.length > 0 && view.wanted.some((each) => !hasProved(view, each, policy, now))
    )
  }
  return view.wanted.some((generation) => findFit(view, generation) !== undefined)
}

function hasProved(view: SlotView, generation: number, { minReadyMs }: ReplacePolicy, now: number): boolean {
  const since = findFit(view, generation)?.provenSince
  return since !== undefined && now >= since + minReadyMs
}

/** One that is being killed is waited for, since its end decides when to try again; without surge, any that is to go. */
function mustWaitFor(view: SlotView, { surge }: ReplacePolicy): boolean {
  return view.workers.some(
    (worker) => worker.state === 'killing' || (surge === 0 && (!isLive(worker) || isSurplus(worker, view))),
  )
}

/** When a surplus worker may go; undefined: not before something happens. */
function leavesAt(worker: WorkerView, view: SlotView, { surge, minReadyMs }: ReplacePolicy): number | undefined {
  // On its way up it serves nobody.
  if (view.wanted.length === 0 || surge === 0 || worker.state !== 'ready') return 0
  const fits = view.wanted.map((generation) => findFit(view, generation))
  if (fits.some((fit) => fit?.state !== 'ready' || fit.provenSince === undefined)) return undefined
  // One that was there before it has nothing to prove against it.
  return Math.max(
    ...fits.map((fit) => (fit === undefined || fit.id < worker.id ? 0 : (fit.provenSince ?? 0) + minReadyMs)),
  )
}
