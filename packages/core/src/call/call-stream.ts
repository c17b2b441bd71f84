import type { ItemQueue } from './item-queue.js'

type Step = IteratorResult<unknown, undefined>

/** A stream that has begun: where its items arrive, and how it is ended before they are over. */
export interface BegunStream {
  readonly items: ItemQueue
  readonly cancel: () => void
}

/**
 * The items of one call at its caller. It begins when the first is asked for, as a generator does: a stream that nobody
 * reads costs its service nothing. One that its reader forgot is cancelled when it is collected.
 */
export class CallStream implements AsyncIterator<unknown, undefined> {
  /** undefined: it has begun, or was ended before. Throws what keeps it from beginning. */
  #begin: (() => BegunStream) | undefined
  #begun: BegunStream | undefined

  constructor(begin: () => BegunStream) {
    this.#begin = begin
  }

  async next(): Promise<Step> {
    if (this.#begin !== undefined) this.#start(this.#begin)
    return this.#begun === undefined ? { done: true, value: undefined } : this.#begun.items.next()
  }

  async return(): Promise<Step> {
    this.#begin = undefined
    this.#begun?.items.drop()
    this.#begun?.cancel()
    forgotten.unregister(this)
    return { done: true, value: undefined }
  }

  #start(begin: () => BegunStream): void {
    this.#begin = undefined
    this.#begun = begin()
    forgotten.register(this, this.#begun.cancel, this)
  }
}

/** Cancelling what has ended does nothing, so only those that were closed early are taken off. */
const forgotten = new FinalizationRegistry<() => void>((cancel) => cancel())
