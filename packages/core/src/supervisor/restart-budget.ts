/** All services together are restarted at most so often within the window, whatever each of them may do alone. */
export const RESTART_BUDGET = { count: 20, windowMs: 60_000 }

/**
 * Keeps a machine from being busy with nothing but restarts when many services fail at once (a database that is
 * gone, a disk that is full). Only tries after a try that failed are counted and wait: the first restart of a
 * worker that had been well is never held up by what happens to others.
 *
 * Times are given to it, in milliseconds that only rise.
 */
export class RestartBudget {
  readonly #limits: typeof RESTART_BUDGET
  /** When the last of them were made, in order of time. */
  #restarts: readonly number[] = []

  constructor(limits = RESTART_BUDGET) {
    this.#limits = limits
  }

  /** When the next restart may be made; `ahead`: after so many others that are about to be. */
  earliestAt(now: number, ahead = 0): number {
    const { count, windowMs } = this.#limits
    const recent = this.#restarts.filter((at) => at > now - windowMs)
    const inTheWay = recent[recent.length + ahead - count]
    if (recent.length + ahead < count) return now
    // Behind the last of those that are known there is at least a whole window to wait.
    return (inTheWay ?? now) + windowMs
  }

  /** One is made now. */
  take(now: number): void {
    const { count } = this.#limits
    this.#restarts = [...this.#restarts, now].slice(-count)
  }
}
