import { deferred } from './deferred.js'
import { MAX_TIMER_MS } from './max-timer.js'

/** A deadline that can be set anew for as long as it has not passed. */
export class MovingDeadline {
  readonly #passed = deferred()
  #timer: NodeJS.Timeout | undefined
  #holdsProcess = true

  /** Resolves when it passes. */
  get passed(): Promise<void> {
    return this.#passed.promise
  }

  /** Counted from now; the last word counts. */
  set(timeoutMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#passed.resolve, Math.min(timeoutMs, MAX_TIMER_MS))
    if (!this.#holdsProcess) this.#timer.unref()
  }

  /** It keeps the process alive no longer, whenever it is set. */
  unref(): void {
    this.#holdsProcess = false
    this.#timer?.unref()
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
