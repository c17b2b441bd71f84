import { type LivenessClock, type LivenessView, nextClock, wedgedForMs } from './liveness.js'

export interface LivenessWatchOptions<TWorker> {
  readonly now: () => number
  /** Every worker that is there, asked at each look. */
  readonly workers: () => Iterable<{ readonly worker: TWorker; readonly view: LivenessView }>
  /** Its event loop has not turned for too long. Told at each look, for as long as that is so. */
  readonly onWedged: (worker: TWorker, blockedMs: number) => void
}

const INTERVAL_MS = 250
/** Workers beat at whole multiples of a part of a second: a look soon after has them all. */
const OFFSET_MS = 25

/** Looks at the workers again and again: one timer for all of them. */
export class LivenessWatch<TWorker> {
  readonly #options: LivenessWatchOptions<TWorker>
  #clock: LivenessClock
  #timer: NodeJS.Timeout

  constructor(options: LivenessWatchOptions<TWorker>) {
    this.#options = options
    const now = options.now()
    this.#clock = { lookedAt: now, since: now }
    this.#timer = this.#schedule(now)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #schedule(now: number): NodeJS.Timeout {
    const untilNextMs = INTERVAL_MS - ((now - OFFSET_MS) % INTERVAL_MS)
    const timer = setTimeout(() => {
      this.#timer = this.#schedule(this.#options.now())
      // What came while we were held up is read after the timers: first hear, then judge.
      setImmediate(() => this.#look())
    }, untilNextMs)
    return timer.unref()
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
