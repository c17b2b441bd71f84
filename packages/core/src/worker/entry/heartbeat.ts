import { untilNextBeat } from '../../util/beat.js'
import { monotonicMs } from '../../util/monotonic.js'
import type { SupervisorLink } from './supervisor-link.js'
import type { VitalSigns } from './vitals.js'

/** Tells the supervisor again and again that the event loop turns, and how the worker fares. */
export class Heartbeat {
  readonly #link: SupervisorLink
  readonly #signs: VitalSigns
  #beforeBeat: (() => void) | undefined
  #onBeat: (() => void) | undefined

  constructor(link: SupervisorLink, signs: VitalSigns) {
    this.#link = link
    this.#signs = signs
  }

  /**
   * From now on, for as long as the process lives; it does not keep it alive. All workers of a machine beat at the
   * same moments: the supervisor wakes once for all of them, which is most of what it costs when nothing happens.
   */
  start(intervalMs: number): void {
    const onTime = (): void => {
      this.beat()
      this.start(intervalMs)
    }
    setTimeout(onTime, untilNextBeat(monotonicMs(), intervalMs)).unref()
  }

  /** What is done before each, so that it has the outcome. */
  precede(beforeBeat: () => void): void {
    this.#beforeBeat = beforeBeat
  }

  /** What else is told with each. */
  accompany(onBeat: () => void): void {
    this.#onBeat = onBeat
  }

  /** One at once. */
  readonly beat = (): void => {
    this.#beforeBeat?.()
    void this.#link.send({ type: 'heartbeat', vitals: this.#signs.read() })
    this.#onBeat?.()
  }
}
