import type { CallRequest } from './call-request.js'

/** One call that runs now. */
export interface RunningCall {
  readonly api: string
  readonly request: Pick<CallRequest, 'requestId'>
  /** On `performance.now()`. */
  readonly startedAt: number
  /** Where it stands among those that run. Theirs to write who keep them. */
  place: number
}

/** What can be read of the calls of one worker. */
export interface CallsView {
  /** How many run. */
  readonly size: number
  readonly ended: number
  /** After so many it is to be replaced; 0: never. */
  readonly limit: number
  /** The oldest first. */
  readonly running: readonly RunningCall[]
  /** 0 where none runs. */
  oldestMs(): number
}

/** The calls of one worker: which run now, and how many have ended. Entered and left once a call, so it must be cheap. */
export class CallsInFlight implements CallsView {
  /** In no order. Each knows its place, so that none is looked for: a Set costs ten times as much. */
  readonly #running: RunningCall[] = []
  #ended = 0
  #limit = 0
  #onLimit: () => void = () => {}

  get size(): number {
    return this.#running.length
  }

  get ended(): number {
    return this.#ended
  }

  /** After so many `onLimit` is told, once; 0: never. */
  get limit(): number {
    return this.#limit
  }

  /** The oldest first. */
  get running(): readonly RunningCall[] {
    return this.#running.toSorted((a, b) => a.startedAt - b.startedAt)
  }

  enter(api: string, request: RunningCall['request']): RunningCall {
    const call = { api, request, startedAt: performance.now(), place: 0 }
    this.add(call)
    return call
  }

  add(call: RunningCall): void {
    call.place = this.#running.push(call) - 1
  }

  leave(call: RunningCall): void {
    const last = this.#running.pop() as RunningCall
    if (last !== call) {
      this.#running[call.place] = last
      last.place = call.place
    }
    this.#ended++
    if (this.#ended === this.#limit) this.#onLimit()
  }

  setLimit(limit: number, onLimit: () => void): void {
    this.#limit = limit
    this.#onLimit = onLimit
  }

  oldestMs(): number {
    if (this.#running.length === 0) return 0
    return performance.now() - Math.min(...this.#running.map(({ startedAt }) => startedAt))
  }
}
