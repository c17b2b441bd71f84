import { type LivenessClock, type LivenessView, nextClock, wedgedForMs } from './liveness.js'

export interface LivenessWatchOptions<TWorker> {
  readonly now: () => number
  /** Every worker that is there, asked at each look. */
  readonly workers: () => Iterable<{ readonly worker: TWorker; readonly view: LivenessView }>
  /** Its event loop has not turned for too long. Told at each look, for as long as that is so. */
  readonly onWedged: (worker: TWorker, blockedMs: number) => void
}

/** With the heartbeat of half a second it keeps detection within a second of the timeout. */
const INTERVAL_MS = 250

/** Looks at the workers again and again: one timer for all of them. */
export class LivenessWatch<TWorker> {
  readonly #options: LivenessWatchOptions<TWorker>
  #clock: LivenessClock
  #timer: NodeJS.Timeout

  constructor(options: LivenessWatchOptions<TWorker>) {
    this.#options = options
    const now = options.now()
    this.#clock = { lookedAt: now, since: now }
    // What came while we were held up is read after the timers: first hear, then judge.
    this.#timer = setInterval(() => setImmediate(() => this.#look()), INTERVAL_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { now, workers, onWedged } = this.#options
    this.#clock = nextClock(this.#clock, now(), INTERVAL_MS)
    for (const { worker, view } of workers()) {
      const blockedMs = wedgedForMs(view, this.#clock)
      if (blockedMs !== undefined) onWedged(worker, blockedMs)
    }
  }
}
