import type { IncomingMessage, ServerResponse } from 'node:http'
import { createError } from '../errors/service-error.js'
import type { ResponseControl } from '../service/call-context.js'
import { monotonicMs } from '../util/monotonic.js'
import type { Connection, OpenRequest } from './connection-table.js'
import type { DispatchRequest } from './dispatch.js'
import type { HttpAnswer } from './http-answer.js'
import { HttpResponseControl } from './response-control.js'

/** Who is told when an exchange ends before its call does. */
export interface ExchangeOwner {
  /** Its client left, or its time was up. */
  onCut(exchange: Exchange, reason: unknown): void
}

export interface ExchangeOptions {
  readonly owner: ExchangeOwner
  readonly connection: Connection
  readonly requestId: string
}

/**
 * One request and its answer; the call's view of the request as well, so that there is one object for both.
 *
 *   open ──▶ answered (with the result, an error, or 504 when its time is up)
 *     └────▶ left     (its client did)
 */
export class Exchange implements DispatchRequest, OpenRequest {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly requestId: string
  readonly startedAt: number = performance.now()
  state: 'open' | 'answered' | 'left' = 'open'
  /** The route's pattern, once it is known. */
  route: string | undefined = undefined
  /** The name of its api, once it is known that it means one. */
  api: string | undefined = undefined
  deadlineAt: number | undefined = undefined
  control: HttpResponseControl | undefined = undefined
  readonly #options: ExchangeOptions
  #timer: NodeJS.Timeout | undefined = undefined
  #abort: AbortController | undefined = undefined
  #cutBy: unknown = undefined

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, options: ExchangeOptions) {
    this.incoming = incoming
    this.outgoing = outgoing
    this.requestId = options.requestId
    this.#options = options
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#cutBy !== undefined) this.#abort.abort(this.#cutBy)
    }
    return this.#abort.signal
  }

  get headers(): IncomingMessage['headers'] {
    return this.incoming.headers
  }

  get traceparent(): string | undefined {
    const header = this.incoming.headers.traceparent
    return typeof header === 'string' ? header : undefined
  }

  get remoteAddress(): string | undefined {
    return this.incoming.socket.remoteAddress
  }

  get response(): ResponseControl {
    this.control ??= new HttpResponseControl()
    return this.control
  }

  get ageMs(): number {
    return performance.now() - this.startedAt
  }

  /** From now on it may take so long. */
  limit(timeoutMs: number, onExpired: (exchange: Exchange) => void): void {
    this.deadlineAt = monotonicMs() + timeoutMs
    this.#timer = setTimeout(onExpired, timeoutMs, this)
  }

  /** Sends the answer in one write and says how many bytes it has. `isLast`: the connection takes no more requests. */
  answer(answer: HttpAnswer, isLast: boolean): number {
    const { connection } = this.#options
    // Of pipelined requests only the last may say close: Node ends the connection after the answer that does.
    if ((isLast || connection.isClosing) && connection.requests.at(-1) === this) {
      connection.isClosing = true
      this.outgoing.shouldKeepAlive = false
    }
    const bytes = this.#send(answer)
    this.#end('answered')
    return bytes
  }

  /** The work goes on for nobody: aborts the call's signal. */
  cut(reason: unknown): void {
    this.#cutBy = reason
    this.#abort?.abort(reason)
    this.#options.owner.onCut(this, reason)
  }

  /** The connection closed before the answer. */
  clientLeft(): void {
    this.#end('left')
    const what = this.route ?? 'The request'
    this.cut(createError('EKB_ERR_ABORTED', { what }))
  }

  #end(state: 'answered' | 'left'): void {
    this.state = state
    clearTimeout(this.#timer)
    this.#options.connection.end(this)
  }

  #send({ statusCode, headers, body }: HttpAnswer): number {
    const { outgoing, requestId } = this
    if (statusCode === 204 || statusCode === 304) {
      outgoing.writeHead(statusCode, [...headers, 'x-request-id', requestId])
      outgoing.end()
      return 0
    }
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
    outgoing.writeHead(statusCode, [...headers, 'content-length', String(bytes), 'x-request-id', requestId])
    outgoing.end(body)
    return bytes
  }
}
