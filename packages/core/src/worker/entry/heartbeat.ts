import type { SupervisorLink } from './supervisor-link.js'
import type { VitalSigns } from './vitals.js'

/** Tells the supervisor again and again that the event loop turns, and how the worker fares. */
export class Heartbeat {
  readonly #link: SupervisorLink
  readonly #signs: VitalSigns
  #onBeat: (() => void) | undefined

  constructor(link: SupervisorLink, signs: VitalSigns) {
    this.#link = link
    this.#signs = signs
  }

  /** From now on, for as long as the process lives; it does not keep it alive. */
  start(intervalMs: number): void {
    setInterval(this.beat, intervalMs).unref()
  }

  /** What else is told with each. */
  accompany(onBeat: () => void): void {
    this.#onBeat = onBeat
  }

  /** One at once. */
  readonly beat = (): void => {
    void this.#link.send({ type: 'heartbeat', vitals: this.#signs.read() })
    this.#onBeat?.()
  }
}
