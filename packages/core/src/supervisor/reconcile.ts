import { isBooting, type WorkerState } from '../worker/lifecycle.js'

/** One slot as it is now. */
export interface SlotView {
  readonly slot: number
  /** State of the worker in it; undefined: empty. */
  readonly state: WorkerState | undefined
  /** An empty slot is not filled before this time. */
  readonly notBefore: number
}

export interface PoolTarget {
  /** Slots 0 … workers−1 are to be filled. 0 while the service stops. */
  readonly workers: number
}

export type PoolAction =
  | { readonly do: 'spawn'; readonly slot: number }
  | { readonly do: 'drain'; readonly slot: number }
  | { readonly do: 'forget'; readonly slot: number }

export interface Reconciliation {
  readonly actions: readonly PoolAction[]
  /** When to look again although nothing happens; undefined: no need. */
  readonly nextAt: number | undefined
}

/**
 * What to do so that a pool comes to its target. Level-triggered: computed from what is, not from what happened,
 * so a missed event cannot lead it astray, and calling it twice changes nothing.
 */
export function reconcile(slots: readonly SlotView[], target: PoolTarget, now: number): Reconciliation {
  const actions: PoolAction[] = []
  let nextAt: number | undefined
  for (let slot = 0; slot < target.workers; slot++) {
    const view = slots.find((candidate) => candidate.slot === slot)
    if (view?.state !== undefined) continue
    const notBefore = view?.notBefore ?? now
    if (notBefore <= now) actions.push({ do: 'spawn', slot })
    else nextAt = Math.min(nextAt ?? notBefore, notBefore)
  }
  for (const view of slots) {
    if (view.slot < target.workers) continue
    if (view.state === undefined) actions.push({ do: 'forget', slot: view.slot })
    else if (view.state === 'ready' || isBooting(view.state)) actions.push({ do: 'drain', slot: view.slot })
  }
  return { actions, nextAt }
}
