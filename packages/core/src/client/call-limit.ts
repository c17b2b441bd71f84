import { clientError } from './client-error.js'

export interface CallLimitOptions {
  /** The call, in messages. */
  readonly what: string
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number | undefined
}

/** What may end a call before its answer does: its caller's signal, its time, and a reader who leaves. */
export class CallLimit {
  readonly #abort = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #onAbort: () => void
  readonly #timer: ReturnType<typeof setTimeout> | undefined

  constructor({ what, signal, timeoutMs }: CallLimitOptions) {
    this.#outer = signal
    this.#onAbort = () => this.#end(clientError('EKB_ERR_CLIENT_ABORTED', { what }, { cause: signal?.reason }))
    if (timeoutMs !== undefined) {
      const expire = () => this.#end(clientError('EKB_ERR_CLIENT_TIMEOUT', { what, timeoutMs }))
      this.#timer = setTimeout(expire, timeoutMs)
    }
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Aborts with an error that says why. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** What has to be waited for beside the answer: not past the time of the call, and not for a caller who left. */
  async within<T>(work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const { signal } = this
    if (signal.aborted) throw signal.reason
    return Promise.race([work(signal), aborted(signal)])
  }

  /** A stream has begun: from now on it may take what it takes. */
  liftTimeout(): void {
    clearTimeout(this.#timer)
  }

  /** All is read: nothing can end it any more. */
  release(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }

  /** Nobody reads on: closes the connection. */
  cancel(): void {
    this.#end(new DOMException('Its reader left', 'AbortError'))
  }

  #end(reason: unknown): void {
    this.release()
    this.#abort.abort(reason)
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
