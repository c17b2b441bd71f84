import type { RestartPlan } from '../plan/serve-plan.js'

/** One end of a worker of a service that nobody asked for. */
export interface Death {
  readonly at: number
  /** How long it had been ready; undefined: never. */
  readonly readyForMs: number | undefined
  /** When its process was started; default: after every earlier death. */
  readonly spawnedAt?: number
}

export interface RestartDecision {
  /** Start its replacement after so many milliseconds. */
  readonly waitMs: number
  /** Tries in a row that failed, this one included, with no stable time between. */
  readonly streak: number
  /** So many failed within the window that another try now is unlikely to help. */
  readonly flapping: boolean
}

/** Deaths beyond these are forgotten: after so many in a row the wait has long reached its ceiling. */
const MAX_HISTORY = 64

/**
 * When to replace a worker that died: at once would be a fork storm when the cause stays, never would be giving
 * up in silence. Goals: a single crash costs its slot hardly more than a boot; a cause that stays costs the
 * machine next to nothing; a worker that was stable for a while starts counting anew. Half of each wait is
 * random, so that workers which died together do not come back together.
 *
 * What counts is tries, not deaths: workers that were started before the first of them died, and die together (a
 * kill of all, the machine out of memory), say nothing yet about whether a restart helps.
 *
 * `history` is in order of time, the last being the death to decide on; `random` is in [0, 1).
 */
export function nextRestart(history: readonly Death[], policy: RestartPlan, random: number): RestartDecision {
  const { streak } = countStreak(history, policy.resetAfterMs)
  const ceilingMs = Math.min(policy.maxMs, policy.initialMs * policy.factor ** (streak - 1))
  return {
    waitMs: Math.round(ceilingMs / 2 + (ceilingMs / 2) * random),
    streak,
    flapping: isFlapping(history, policy),
  }
}

/** What of the history can still matter, so that it stays short for ever. */
export function recentDeaths(history: readonly Death[], policy: RestartPlan): readonly Death[] {
  const { from } = countStreak(history, policy.resetAfterMs)
  const inWindow = history.findIndex((death) => isWithin(policy.flappingWindowMs, death, history))
  const limit = Math.max(MAX_HISTORY, policy.flappingCount)
  return history.slice(Math.max(Math.min(from, inWindow), history.length - limit, 0))
}

/**
 * How long a worker must stay ready to show that the cause of the deaths is gone: it outlives twice over every one
 * that died. The stable time of the policy would be the safe answer for any cause, but holds the other slots of a
 * service back for a minute after a cause of milliseconds has gone.
 */
export function provenAfterMs(history: readonly Death[], policy: RestartPlan, minReadyMs: number): number {
  const lives = history.map(({ readyForMs = 0 }) => readyForMs).filter((life) => life < policy.resetAfterMs)
  return Math.min(policy.resetAfterMs, Math.max(minReadyMs, ...lives.map((life) => life * 2)))
}

function countStreak(history: readonly Death[], resetAfterMs: number): { streak: number; from: number } {
  let streak = 0
  let from = Math.max(0, history.length - 1)
  let triedAt = Infinity
  for (let index = history.length - 1; index >= 0; index--) {
    const death = history[index] as Death
    if (death.at > triedAt) continue
    streak++
    from = index
    triedAt = death.spawnedAt ?? death.at
    if (isStable(death, resetAfterMs)) break
  }
  return { streak: Math.max(streak, 1), from }
}

/** Deaths that came together count as one, each try that failed since as one more; a stable life is no failure. */
function isFlapping(history: readonly Death[], policy: RestartPlan): boolean {
  const [first] = history
  const failed = history.filter(
    (death) => isWithin(policy.flappingWindowMs, death, history) && !isStable(death, policy.resetAfterMs),
  )
  const tries = failed.filter((death) => death !== first && (first?.at ?? 0) <= (death.spawnedAt ?? death.at))
  const together = failed.length > tries.length ? 1 : 0
  return tries.length + together >= policy.flappingCount
}

function isWithin(windowMs: number, { at }: Death, history: readonly Death[]): boolean {
  return (history.at(-1)?.at ?? 0) - at <= windowMs
}

function isStable({ readyForMs }: Death, resetAfterMs: number): boolean {
  return readyForMs !== undefined && readyForMs >= resetAfterMs
}
