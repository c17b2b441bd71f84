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
  /** Items that are asked for and have not come. */
  #waiting = 0

  constructor(begin: () => BegunStream) {
    this.#begin = begin
  }

  async next(): Promise<Step> {
    if (this.#begin !== undefined) this.#start(this.#begin)
    const begun = this.#begun
    if (begun === undefined) return { done: true, value: undefined }
    // Whoever waits for an item has not forgotten the stream, though nothing else may hold it: this set does.
    awaited.add(this)
    this.#waiting++
    try {
      return await begun.items.next()
    } finally {
      this.#waiting--
      if (this.#waiting === 0) awaited.delete(this)
    }
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

/** Streams whose next item is waited for. */
const awaited = new Set<CallStream>()

/** Cancelling what has ended does nothing, so only those that were closed early are taken off. */
const forgotten = new FinalizationRegistry<() => void>((cancel) => cancel())
