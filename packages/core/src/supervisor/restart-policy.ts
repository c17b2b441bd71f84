import type { RestartPlan } from '../plan/serve-plan.js'

/** One end of a worker of a slot that nobody asked for. */
export interface Death {
  readonly at: number
  /** How long it had been ready; undefined: never. */
  readonly readyForMs: number | undefined
}

export interface RestartDecision {
  /** Start its replacement after so many milliseconds. */
  readonly waitMs: number
  /** Deaths in a row, this one included, with no stable time between. */
  readonly streak: number
  /** So many died within the window that another try now is unlikely to help. */
  readonly flapping: boolean
}

/**
 * When to replace a worker that died: at once would be a fork storm when the cause stays, never would be giving
 * up in silence. Goals: a single crash costs its slot hardly more than a boot; a cause that stays costs the
 * machine next to nothing; a worker that was stable for a while starts counting anew. Half of each wait is
 * random, so that workers which died together do not come back together.
 *
 * `history` is in order of time, the last being the death to decide on; `random` is in [0, 1).
 */
export function nextRestart(history: readonly Death[], policy: RestartPlan, random: number): RestartDecision {
  const streak = countStreak(history, policy.resetAfterMs)
  const ceilingMs = Math.min(policy.maxMs, policy.initialMs * policy.factor ** (streak - 1))
  return {
    waitMs: Math.round(ceilingMs / 2 + (ceilingMs / 2) * random),
    streak,
    flapping: isFlapping(history, policy),
  }
}

/** What of the history can still matter, so that it stays short for ever. */
export function recentDeaths(history: readonly Death[], policy: RestartPlan): readonly Death[] {
  const streak = countStreak(history, policy.resetAfterMs)
  // Beyond this many in a row the wait has long reached its ceiling.
  return history.slice(-Math.max(policy.flappingCount, Math.min(streak, 64)))
}

function countStreak(history: readonly Death[], resetAfterMs: number): number {
  let streak = 0
  for (const death of history.toReversed()) {
    streak++
    if (death.readyForMs !== undefined && death.readyForMs >= resetAfterMs) break
  }
  return Math.max(streak, 1)
}

function isFlapping(history: readonly Death[], policy: RestartPlan): boolean {
  const last = history.at(-1)
  const first = history.at(-policy.flappingCount)
  return last !== undefined && first !== undefined && last.at - first.at <= policy.flappingWindowMs
}
