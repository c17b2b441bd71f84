import type { CallRequest } from './call-request.js'

/** One call that runs now. */
export interface RunningCall {
  readonly api: string
  readonly request: Pick<CallRequest, 'requestId'>
  /** On `performance.now()`. */
  readonly startedAt: number
}

/** The calls of one worker: which run now, and how many have ended. Entered and left once a call, so it must be cheap. */
export class CallsInFlight {
  /** In the order they began. */
  readonly #running = new Set<RunningCall>()
  #ended = 0
  #limit = 0
  #onLimit: () => void = () => {}

  get size(): number {
    return this.#running.size
  }

  get ended(): number {
    return this.#ended
  }

  /** After so many `onLimit` is told, once; 0: never. */
  get limit(): number {
    return this.#limit
  }

  /** The oldest first. */
  get running(): Iterable<RunningCall> {
    return this.#running
  }

  enter(api: string, request: RunningCall['request']): RunningCall {
    const call = { api, request, startedAt: performance.now() }
    this.#running.add(call)
    return call
  }

  leave(call: RunningCall): void {
    this.#running.delete(call)
    this.#ended++
    if (this.#ended === this.#limit) this.#onLimit()
  }

  setLimit(limit: number, onLimit: () => void): void {
    this.#limit = limit
    this.#onLimit = onLimit
  }

  oldestMs(): number {
    for (const { startedAt } of this.#running) return performance.now() - startedAt
    return 0
  }
}
