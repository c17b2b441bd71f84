import { setMaxListeners } from 'node:events'
import type { ServiceError } from '../errors/service-error.js'
import type { OutgoingCall } from './call-connection.js'
import type { ItemQueue } from './item-queue.js'
import type { PoolLink } from './pool-link.js'
import type { EncodedMessage } from './wire.js'

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** Monotonic milliseconds: util/monotonic.ts. */
  readonly deadlineAt?: number
  /** It may run twice without harm: tried again elsewhere when its worker is lost. */
  readonly idempotent?: boolean
  readonly requestId: string
  readonly traceparent?: string
}

/** Who is told how a call ended. */
export interface PoolCallOwner {
  onResult(call: PoolCall, value: unknown): void
  /** The first item of a stream is there. */
  onBegun(call: PoolCall): void
  onRefused(call: PoolCall, wireError: unknown): void
  onReturned(call: PoolCall, reason: 'unsent' | 'lost', error: ServiceError): void
  onAbort(call: PoolCall): void
}

export interface CallDeadline {
  /** Monotonic milliseconds. */
  readonly at: number
  /** What was left when the call was made. */
  readonly timeoutMs: number
}

export interface PoolCallInit {
  readonly owner: PoolCallOwner
  readonly api: string
  readonly message: EncodedMessage
  readonly deadline: CallDeadline | undefined
  readonly options: CallOptions
  /** Where the items of a stream go; undefined: its answer is one value. */
  readonly items?: ItemQueue | undefined
}

/** One call from the moment it was made to its end, whichever workers it is given to in between. */
export class PoolCall implements OutgoingCall {
  readonly api: string
  readonly body: Uint8Array
  /** None any more once the first item of a stream is there. */
  deadlineAt: number | undefined
  /** What was left until the deadline when it was made. */
  readonly timeoutMs: number
  readonly promise: Promise<unknown>
  readonly startedAt: number = performance.now()
  attachments: readonly Uint8Array[]
  sentAs = 0
  /** How often it was given to a worker that was then lost. */
  losses = 0
  /** The worker it was given to; undefined: it waits. */
  link: PoolLink | undefined
  readonly #owner: PoolCallOwner
  readonly #options: CallOptions
  readonly #items: ItemQueue | undefined
  #hasBegun = false
  #ends: { readonly resolve: (value: unknown) => void; readonly reject: (reason: unknown) => void } | undefined

  constructor({ owner, api, message, deadline, options, items }: PoolCallInit) {
    this.api = api
    this.body = message.body
    // Blobs are read before the call is given to a worker.
    this.attachments = message.attachments as readonly Uint8Array[]
    this.deadlineAt = deadline?.at
    this.timeoutMs = deadline?.timeoutMs ?? Infinity
    this.#owner = owner
    this.#options = options
    this.#items = items
    this.promise = new Promise((resolve, reject) => {
      this.#ends = { resolve, reject }
    })
    if (options.signal !== undefined) {
      // All calls made for one request listen to one signal; Node would warn of a leak at the eleventh.
      setMaxListeners(0, options.signal)
      options.signal.addEventListener('abort', this)
    }
  }

  get isSettled(): boolean {
    return this.#ends === undefined
  }

  get isStream(): boolean {
    return this.#items !== undefined
  }

  /** May it be given to another worker when this one is lost? Not once its caller has had items. */
  get isRepeatable(): boolean {
    return this.#options.idempotent === true && !this.#hasBegun
  }

  resolve(value: unknown): void {
    this.#owner.onResult(this, value)
  }

  item(value: unknown, cost: number): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true
      this.#owner.onBegun(this)
    }
    this.#items?.push(value, cost)
  }

  refuse(wireError: unknown): void {
    this.#owner.onRefused(this, wireError)
  }

  returned(reason: 'unsent' | 'lost', error: ServiceError): void {
    this.#owner.onReturned(this, reason, error)
  }

  /** The signal's listener: an object instead of a closure for each call. */
  handleEvent(): void {
    this.#owner.onAbort(this)
  }

  /** Ends it; true the first time. */
  settle(how: 'resolve' | 'reject', value: unknown): boolean {
    const ends = this.#ends
    if (ends === undefined) return false
    this.#ends = undefined
    this.link = undefined
    this.#options.signal?.removeEventListener('abort', this)
    ends[how](value)
    return true
  }
}
