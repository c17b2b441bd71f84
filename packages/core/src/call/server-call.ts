import { createError } from '../errors/service-error.js'
import type { CallRequest } from '../runner/call-request.js'
import { monotonicMs } from '../util/monotonic.js'

/** A call being served for another worker. Most methods never ask for its signal, so that is made on first use. */
export class ServerCall implements CallRequest {
  readonly id: number
  readonly api: string
  readonly input: unknown
  readonly requestId: string
  readonly traceparent: string | undefined
  readonly deadlineAt: number | undefined
  #controller: AbortController | undefined
  #timer: NodeJS.Timeout | undefined
  #aborted: Error | undefined

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
    this.#timer = setTimeout(expire, Math.min(timeoutMs, 2 ** 31 - 1)).unref()
  }
}
