type Step = IteratorResult<unknown, undefined>

interface Waiter {
  readonly resolve: (step: Step) => void
  readonly reject: (reason: unknown) => void
}

interface Arrived {
  readonly value: unknown
  readonly cost: number
}

const DONE: Step = { done: true, value: undefined }

/** Items between whoever brings them and whoever asks for them: those that came wait here, and so does who came first. */
export class ItemQueue {
  readonly #onTaken: (cost: number) => void
  #items: Arrived[] = []
  #waiters: Waiter[] = []
  #end: { readonly error?: unknown } | undefined

  constructor(onTaken: (cost: number) => void) {
    this.#onTaken = onTaken
  }

  push(value: unknown, cost: number): void {
    const waiter = this.#waiters.shift()
    if (waiter === undefined) {
      this.#items.push({ value, cost })
      return
    }
    this.#onTaken(cost)
    waiter.resolve({ done: false, value })
  }

  /** No more will come: `error` says why, else it is all. What has come can still be taken. */
  end(end: { readonly error?: unknown } = {}): void {
    if (this.#end !== undefined) return
    this.#end = end
    const [first, ...others] = this.#waiters.splice(0)
    if (first !== undefined) this.#tellEnd().then(first.resolve, first.reject)
    for (const waiter of others) waiter.resolve(DONE)
  }

  /** Nobody wants more, nor what has come. */
  drop(): void {
    this.#items = []
    this.end()
    this.#end = {}
  }

  next(): Promise<Step> {
    const item = this.#items.shift()
    if (item !== undefined) {
      this.#onTaken(item.cost)
      return Promise.resolve({ done: false, value: item.value })
    }
    if (this.#end !== undefined) return this.#tellEnd()
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** The error is told once; from then on the items are simply over. */
  #tellEnd(): Promise<Step> {
    const end = this.#end
    this.#end = {}
    return end !== undefined && 'error' in end ? Promise.reject(end.error) : Promise.resolve(DONE)
  }
}
