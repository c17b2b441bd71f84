import type { WorkerState } from '../worker/lifecycle.js'

/** One worker, as far as its liveness goes. Times are monotonic milliseconds. */
export interface LivenessView {
  readonly state: WorkerState
  /** When it was last heard; undefined: never. */
  readonly heardAt: number | undefined
  /** It may stand still at a breakpoint. */
  readonly inspected: boolean
  /** 0: it is not judged. */
  readonly timeoutMs: number
  /** It may be silent for so long although its event loop turns. */
  readonly heartbeatMs: number
}

/** When we last looked, and since when silence counts. */
export interface LivenessClock {
  readonly lookedAt: number
  readonly since: number
}

/** A look that comes so much too late was held up, and what held us up may have held up the workers too. */
const LATE_MS = 500

/** The clock of a look at `now`: after one that came too late everybody's silence counts anew. */
export function nextClock({ lookedAt, since }: LivenessClock, now: number, intervalMs: number): LivenessClock {
  const isLate = now - lookedAt > intervalMs + LATE_MS
  return { lookedAt: now, since: isLate ? now : since }
}

/**
 * For how long a worker's event loop has not turned, if that is too long; undefined: it is well, or not for us to
 * judge. The way up has a timeout of its own, so a boot may block for as long as that allows.
 */
export function wedgedForMs(view: LivenessView, { lookedAt, since }: LivenessClock): number | undefined {
  const { state, heardAt, inspected, timeoutMs, heartbeatMs } = view
  if (timeoutMs === 0 || inspected || heardAt === undefined || !isJudged(state)) return undefined
  // It may have turned until just before the next heartbeat was due.
  const blockedMs = lookedAt - Math.max(heardAt, since) - heartbeatMs
  return blockedMs >= timeoutMs ? blockedMs : undefined
}

/** In these states nothing else sets it a deadline, or a much longer one. */
function isJudged(state: WorkerState): boolean {
  return state === 'held' || state === 'standby' || state === 'ready' || state === 'draining'
}
