import type { IncomingMessage, ServerResponse } from 'node:http'
import { createError } from '../errors/service-error.js'
import type { ResponseControl } from '../service/call-context.js'
import { monotonicMs } from '../util/monotonic.js'
import type { Connection, OpenRequest } from './connection-table.js'
import type { DispatchRequest } from './dispatch.js'
import type { Forwarded, ForwardedRequest } from './forwarded.js'
import type { HttpAnswer, Piece, StreamAnswer } from './http-answer.js'
import type { StreamCaller } from './open-stream.js'
import { HttpResponseControl } from './response-control.js'

const NO_HEADERS: readonly string[] = []

/** Who is told when an exchange ends before its call does. */
export interface ExchangeOwner {
  /** Its client left, or its time was up. */
  onCut(exchange: Exchange, reason: unknown): void
}

export interface ExchangeOptions {
  readonly owner: ExchangeOwner
  readonly connection: Connection
  readonly requestId: string
  /** Reads what a proxy said of its client; undefined: no proxy is trusted. */
  readonly readForwarded?: ((request: ForwardedRequest) => Forwarded) | undefined
}

/**
 * One request and its answer; the call's view of the request as well, so that there is one object for both.
 *
 *   open ──▶ answered (with the result, an error, or 504 when its time is up)
 *     ├────▶ sending  (the first piece of a stream is there) ──▶ answered (also by an error that ends it)
 *     └────▶ left     (its client did, now or while it was sent)
 */
export class Exchange implements DispatchRequest, OpenRequest, StreamCaller {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly requestId: string
  readonly startedAt: number = performance.now()
  state: 'open' | 'sending' | 'answered' | 'left' = 'open'
  /** The route's pattern, once it is known. */
  route: string | undefined = undefined
  /** The name of its api, once it is known that it means one. */
  api: string | undefined = undefined
  deadlineAt: number | undefined = undefined
  /** How long it may take, once that is known. */
  limitMs = Infinity
  control: HttpResponseControl | undefined = undefined
  /** Files that came with it: they go when it has ended. */
  files: { release(): Promise<void> } | undefined = undefined
  /** Bytes sent of a body that goes out piece by piece. */
  sentBytes = 0
  /** Name, value, name, value: what the host adds to the answer, whatever it is. */
  policyHeaders: readonly string[] = NO_HEADERS
  readonly #options: ExchangeOptions
  #forwarded: Forwarded | undefined = undefined
  #headers: IncomingMessage['headers'] | undefined = undefined
  #timer: NodeJS.Timeout | undefined = undefined
  #abort: AbortController | undefined = undefined
  #cutBy: unknown = undefined
  #closeSource: (() => Promise<unknown>) | undefined = undefined

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, options: ExchangeOptions) {
    this.incoming = incoming
    this.outgoing = outgoing
    this.requestId = options.requestId
    this.#options = options
  }

  get connection(): Connection {
    return this.#options.connection
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#cutBy !== undefined) this.#abort.abort(this.#cutBy)
    }
    return this.#abort.signal
  }

  get headers(): IncomingMessage['headers'] {
    const host = this.forwarded?.host
    if (host === undefined) return this.incoming.headers
    this.#headers ??= { ...this.incoming.headers, host }
    return this.#headers
  }

  /** What a proxy that is trusted said; undefined: none is. */
  get forwarded(): Forwarded | undefined {
    const { readForwarded } = this.#options
    if (readForwarded === undefined) return undefined
    const { headers, socket } = this.incoming
    this.#forwarded ??= readForwarded({ peer: socket.remoteAddress, headers })
    return this.#forwarded
  }

  get traceparent(): string | undefined {
    const header = this.incoming.headers.traceparent
    return typeof header === 'string' ? header : undefined
  }

  get remoteAddress(): string | undefined {
    const { forwarded } = this
    return forwarded === undefined ? this.incoming.socket.remoteAddress : forwarded.address
  }

  get response(): ResponseControl {
    this.control ??= new HttpResponseControl()
    return this.control
  }

  get isWanted(): boolean {
    return this.state === 'open' || this.state === 'sending'
  }

  get ageMs(): number {
    return performance.now() - this.startedAt
  }

  /** Does its connection stay, for all that it said itself? HTTP/2 has one connection for all. */
  get isKept(): boolean {
    return this.outgoing.shouldKeepAlive === true
  }

  /** Its body has come, as far as anybody reads it. */
  arrived(): void {}

  /** From now on it may take so long. */
  limit(timeoutMs: number, onExpired: (exchange: Exchange) => void): void {
    this.limitMs = timeoutMs
    this.deadlineAt = monotonicMs() + timeoutMs
    this.#timer = setTimeout(onExpired, timeoutMs, this)
  }

  /** Sends the answer in one write and says how many bytes it has. `isLast`: the connection takes no more requests. */
  answer(answer: HttpAnswer, isLast: boolean): number {
    this.settleConnection(isLast)
    const bytes = this.#send(answer)
    this.end('answered')
    return bytes
  }

  /** Before an answer begins: has it say close where the connection takes no more requests. */
  settleConnection(isLast: boolean): void {
    const { connection } = this.#options
    // Of pipelined requests only the last may say close: Node ends the connection after the answer that does. Where that
    // one was answered first, without a close, its answer still waits behind this one.
    if ((!isLast && !connection.isClosing) || connection.latest !== this) return
    connection.isClosing = true
    this.outgoing.shouldKeepAlive = false
  }

  /** Has its connection end once its answer is out, which may have been given and wait behind others. */
  endConnection(): void {
    const { outgoing, incoming } = this
    outgoing.once('finish', () => incoming.socket.destroySoon())
  }

  /** Sends the head of an answer that comes in pieces. The time it had was for this: the rest takes what it takes. */
  beginStream({ statusCode, headers }: StreamAnswer, isLast: boolean): void {
    this.settleConnection(isLast)
    // First: where a header is refused, the answer is still open.
    this.writeHead(statusCode, headers)
    clearTimeout(this.#timer)
    this.deadlineAt = undefined
    this.state = 'sending'
  }

  /** All of it is sent; `last`: but for this. */
  endStream(last: Piece = ''): void {
    this.sentBytes += Buffer.byteLength(last)
    this.outgoing.end(this.toWire(last))
    this.end('answered')
  }

  /** A piece of the body as it is written. */
  toWire(piece: Piece): Piece {
    return piece
  }

  /** Can its client tell that an answer broke off? */
  get isFramed(): boolean {
    return this.outgoing.chunkedEncoding
  }

  /** It cannot be completed, and its client must not think it was: the connection breaks after what was sent. */
  breakStream(): void {
    const { socket } = this.outgoing
    this.end('answered')
    this.#options.connection.isClosing = true
    // Behind other requests there is no socket yet, and nothing was sent.
    if (socket === null) this.outgoing.destroy()
    else if (this.isFramed) socket.destroySoon()
    // Without chunks an end may look like any other. There is no reset but of TCP; TLS has a word for an end, which is left out.
    else if (socket.remoteAddress === undefined || 'encrypted' in socket) socket.destroy()
    else socket.resetAndDestroy()
  }

  attach(close: () => Promise<unknown>): void {
    this.#closeSource = close
  }

  /** The answer has been written by somebody else, to its end. */
  answered(): void {
    this.end('answered')
  }

  /** The work goes on for nobody: aborts the call's signal. */
  cut(reason: unknown): void {
    this.#cutBy = reason
    this.#abort?.abort(reason)
    // What its `finally` blocks throw is nobody's answer.
    this.#closeSource?.().catch(() => {})
    this.#options.owner.onCut(this, reason)
  }

  /** The connection closed before the answer. */
  clientLeft(): void {
    this.end('left')
    const what = this.route ?? 'The request'
    this.cut(createError('EKB_ERR_ABORTED', { what }))
  }

  protected end(state: 'answered' | 'left'): void {
    this.state = state
    clearTimeout(this.#timer)
    this.#options.connection.end(this)
    void this.files?.release()
  }

  #send({ statusCode, headers, body }: HttpAnswer): number {
    const { outgoing } = this
    if (statusCode === 204 || statusCode === 304) {
      this.writeHead(statusCode, headers)
      outgoing.end()
      return 0
    }
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
    this.writeHead(statusCode, headers, 'content-length', String(bytes))
    outgoing.end(this.toWire(body))
    return bytes
  }

  /** In one list: with headers set one by one before it, Node 20 drops all but the last of several of one name. */
  protected writeHead(statusCode: number, headers: readonly string[], ...more: readonly string[]): void {
    const { policyHeaders, requestId } = this
    this.outgoing.writeHead(statusCode, [...headers, ...more, ...policyHeaders, 'x-request-id', requestId])
  }
}
