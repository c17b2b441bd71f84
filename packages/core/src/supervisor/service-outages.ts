/** What became of a service: it has just lost its last ready worker, or has one again after so long. */
export type OutageChange = { readonly is: 'down' } | { readonly is: 'back'; readonly afterMs: number }

/**
 * Which services have no ready worker, so that each outage is said once and its end once. A service that was never
 * up is starting, not down.
 */
export class ServiceOutages {
  /** When each went down; undefined: it is up. */
  readonly #downSince = new Map<string, number | undefined>()

  note(service: string, readyWorkers: number, now: number): OutageChange | undefined {
    const isKnown = this.#downSince.has(service)
    const downSince = this.#downSince.get(service)
    if (readyWorkers > 0) {
      this.#downSince.set(service, undefined)
      return downSince === undefined ? undefined : { is: 'back', afterMs: now - downSince }
    }
    if (!isKnown || downSince !== undefined) return undefined
    this.#downSince.set(service, now)
    return { is: 'down' }
  }
}
