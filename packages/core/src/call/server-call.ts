import { createError } from '../errors/service-error.js'
import type { CallRequest } from '../runner/call-request.js'
import { MAX_TIMER_MS } from '../util/max-timer.js'
import { monotonicMs } from '../util/monotonic.js'

/** Items on their way to the caller. */
export interface OpenStream {
  credit(cost: number): void
  stop(): void
}

/** A call being served for another worker. Most methods never ask for its signal, so that is made on first use. */
export class ServerCall implements CallRequest {
  readonly id: number
  readonly api: string
  readonly input: unknown
  readonly requestId: string
  readonly traceparent: string | undefined
  /** None any more once the first item of a stream is sent. */
  deadlineAt: number | undefined
  #controller: AbortController | undefined
  #timer: NodeJS.Timeout | undefined
  #aborted: Error | undefined
  #stream: OpenStream | undefined

  constructor(call: Pick<ServerCall, 'id' | 'api' | 'input' | 'requestId' | 'traceparent' | 'deadlineAt'>) {
    this.id = call.id
    this.api = call.api
    this.input = call.input
    this.requestId = call.requestId
    this.traceparent = call.traceparent
    this.deadlineAt = call.deadlineAt
  }

  get headers(): undefined {
    return undefined
  }

  get remoteAddress(): undefined {
    return undefined
  }

  get response(): undefined {
    return undefined
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted)
      else this.#watchDeadline()
    }
    return this.#controller.signal
  }

  /** Nobody waits for the answer any more. */
  abort(reason: Error): void {
    this.#aborted ??= reason
    clearTimeout(this.#timer)
    this.#controller?.abort(this.#aborted)
    this.#stream?.stop()
  }

  /** It is answered with a stream, which ends when the call is aborted. */
  attach(stream: OpenStream): void {
    this.#stream = stream
    if (this.isAborted) stream.stop()
  }

  /** The caller has room for more of its stream. */
  credit(cost: number): void {
    this.#stream?.credit(cost)
  }

  /** A stream has begun: what follows takes what it takes. */
  liftDeadline(): void {
    this.deadlineAt = undefined
    clearTimeout(this.#timer)
  }

  get isAborted(): boolean {
    return this.#aborted !== undefined
  }

  /** The answer is there: its deadline is of no more interest. */
  finish(): void {
    clearTimeout(this.#timer)
  }

  #watchDeadline(): void {
    if (this.deadlineAt === undefined) return
    const timeoutMs = Math.max(0, this.deadlineAt - monotonicMs())
    const expire = () => this.abort(createError('EKB_ERR_TIMEOUT', { what: this.api, timeoutMs: Math.ceil(timeoutMs) }))
    this.#timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS)).unref()
  }
}
