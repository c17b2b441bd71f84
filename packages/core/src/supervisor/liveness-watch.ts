import { untilNextBeat } from '../util/beat.js'
import { type LivenessClock, type LivenessView, nextClock, wedgedForMs } from './liveness.js'

export interface LivenessWatchOptions<TWorker> {
  readonly now: () => number
  /** Every worker that is there, asked at each look. */
  readonly workers: () => Iterable<{ readonly worker: TWorker; readonly view: LivenessView }>
  /** Its event loop has not turned for too long. Told at each look, for as long as that is so. */
  readonly onWedged: (worker: TWorker, blockedMs: number) => void
  /** None of them is wedged: what they said with their last heartbeats holds. */
  readonly onHealthy?: () => void
}

const INTERVAL_MS = 250
/** Workers beat at whole multiples of a part of a second: a look soon after has them all. */
const OFFSET_MS = 25
/** While one is wedged: its end waits for its successor, and its callers wait for its end. */
const URGENT_INTERVAL_MS = 50

/** Looks at the workers again and again: one timer for all of them. */
export class LivenessWatch<TWorker> {
  readonly #options: LivenessWatchOptions<TWorker>
  #clock: LivenessClock
  #timer: NodeJS.Timeout
  #isStopped = false

  constructor(options: LivenessWatchOptions<TWorker>) {
    this.#options = options
    const now = options.now()
    this.#clock = { lookedAt: now, since: now }
    this.#timer = this.#schedule(now)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #schedule(now: number, isUrgent = false): NodeJS.Timeout {
    const untilNextMs = untilNextBeat(now, isUrgent ? URGENT_INTERVAL_MS : INTERVAL_MS, OFFSET_MS)
    // What came while we were held up is read after the timers: first hear, then judge.
    return setTimeout(() => setImmediate(() => this.#look()), untilNextMs).unref()
  }

  #look(): void {
    if (this.#isStopped) return
    const { now, workers, onWedged, onHealthy } = this.#options
    this.#clock = nextClock(this.#clock, now(), INTERVAL_MS)
    let isUrgent = false
    for (const { worker, view } of workers()) {
      const blockedMs = wedgedForMs(view, this.#clock)
      if (blockedMs === undefined) continue
      isUrgent = true
      onWedged(worker, blockedMs)
    }
    if (!isUrgent) onHealthy?.()
    this.#timer = this.#schedule(now(), isUrgent)
  }
}
