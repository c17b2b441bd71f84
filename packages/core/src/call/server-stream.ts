import type { ApiStream } from '../runner/api-stream.js'
import { STREAM_WINDOW } from './stream-window.js'

export interface ServerStreamOptions {
  readonly items: ApiStream
  /** Sends one item, and says what it takes from the window; what is thrown ends the stream. */
  readonly send: (item: unknown) => number | Promise<number>
}

/** The items of one call on their way to its caller: the next is made when the caller has room for it. */
export class ServerStream {
  readonly #options: ServerStreamOptions
  #window = STREAM_WINDOW
  #isStopped = false
  #wake: () => void = () => {}

  constructor(options: ServerStreamOptions) {
    this.#options = options
  }

  /** Resolves when all is sent, or it was stopped; rejects with what ended it early. */
  async run(): Promise<void> {
    const { items, send } = this.#options
    try {
      while (await this.#hasRoom()) {
        const { done, value } = await items.next()
        if (done === true || this.#isStopped) return
        this.#window -= await send(value)
      }
    } finally {
      // It has ended already, or what its `finally` blocks throw is nobody's answer.
      await items.return().catch(() => {})
    }
  }

  /** The caller has taken items of that cost. */
  credit(cost: number): void {
    this.#window += cost
    this.#wake()
  }

  /** Nobody wants more. */
  stop(): void {
    this.#isStopped = true
    this.#wake()
    // Also while the next item is being made.
    this.#options.items.return().catch(() => {})
  }

  async #hasRoom(): Promise<boolean> {
    while (this.#window <= 0 && !this.#isStopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return !this.#isStopped
  }
}
