export interface ApiStreamOptions {
  /** What the method returned: the iterator of a generator, or of anything else that can be iterated. */
  readonly items: AsyncIterator<unknown> | Iterator<unknown>
  /** Checks an item, and gives what is sent. */
  readonly check: ((item: unknown) => unknown) | undefined
  /** Runs each step as part of the call, so that calls it makes know the call they belong to. */
  readonly inCall: <T>(step: () => T) => T
  /** The call has ended: the last item was taken, it failed, or it was closed early and has run to its end. */
  readonly onEnd: () => void
}

type Step = IteratorResult<unknown, undefined>

const DONE: Step = { done: true, value: undefined }

/** The items of one call. Whoever gets it takes them to the end or calls `return`: until then the call is in flight. */
export class ApiStream implements AsyncIterator<unknown, undefined> {
  readonly #options: ApiStreamOptions
  #onEnd: (() => void)[]
  #hasEnded = false

  constructor(options: ApiStreamOptions) {
    this.#options = options
    this.#onEnd = [options.onEnd]
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Calls back once, when the call has ended. */
  onEnd(callback: () => void): void {
    if (this.#hasEnded) callback()
    else this.#onEnd.push(callback)
  }

  /** The next item, checked. Rejects with what the method throws. */
  async next(): Promise<Step> {
    if (this.#hasEnded) return DONE
    const { items, check, inCall } = this.#options
    try {
      const { done, value } = await inCall(() => items.next())
      if (done !== true) {
        // What a generator that is not asynchronous yields may be a promise.
        const item: unknown = await value
        return { done: false, value: check === undefined ? item : await check(item) }
      }
    } catch (error) {
      await this.return().catch(() => {})
      throw error
    }
    this.#end()
    return DONE
  }

  /** Nobody wants more: `finally` blocks of the method run. Rejects with what they throw. */
  async return(): Promise<Step> {
    if (this.#hasEnded) return DONE
    const { items, inCall } = this.#options
    try {
      await inCall(() => items.return?.())
    } finally {
      this.#end()
    }
    return DONE
  }

  #end(): void {
    this.#hasEnded = true
    for (const callback of this.#onEnd.splice(0)) callback()
  }
}

/** The iterator of what a method returned; undefined: it cannot be iterated, or is one value (text, bytes). */
export function iteratorOf(value: unknown): AsyncIterator<unknown> | Iterator<unknown> | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined
  if (Symbol.asyncIterator in value) return (value as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  return Symbol.iterator in value ? (value as Iterable<unknown>)[Symbol.iterator]() : undefined
}
