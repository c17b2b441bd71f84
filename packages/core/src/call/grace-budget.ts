/**
 * How long calls to a pool may wait for a worker while there is none. It is used up by the time without one and
 * comes back with the time with one, so that an outage is waited for once: calls to a service that comes up and
 * dies again fail at once instead of waiting the whole grace each time.
 *
 * Times are given to it, in milliseconds that only rise.
 */
export class GraceBudget {
  readonly #limitMs: number
  #leftMs: number
  #since: number
  #isUp = false

  /** At first nothing is known of any worker. */
  constructor(limitMs: number, now: number) {
    this.#limitMs = limitMs
    this.#leftMs = limitMs
    this.#since = now
  }

  /** There is a worker that can be called, or there is none. */
  observe(isUp: boolean, now: number): void {
    this.#leftMs = this.leftMs(now)
    this.#since = now
    this.#isUp = isUp
  }

  /** What is left of it. */
  leftMs(now: number): number {
    const elapsedMs = now - this.#since
    return this.#isUp ? Math.min(this.#limitMs, this.#leftMs + elapsedMs) : Math.max(0, this.#leftMs - elapsedMs)
  }
}
