import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import { Exchange, type ExchangeOptions } from './exchange.js'
import type { HttpAnswer, Piece } from './http-answer.js'
import type { SessionConnection } from './session-connection.js'

/** What HTTP/2 says in frames of its own; as a header it is an error there. */
const NOT_IN_HTTP2: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** A request and its answer over HTTP/2: a stream among others on its connection, with an end of its own. */
export class StreamExchange extends Exchange {
  readonly #stream: ServerHttp2Stream
  #arrivalTimer: NodeJS.Timeout | undefined

  constructor(incoming: Http2ServerRequest, outgoing: Http2ServerResponse, options: ExchangeOptions) {
    // Node's own compatible pair: what differs is below.
    super(incoming as unknown as IncomingMessage, outgoing as unknown as ServerResponse, options)
    this.#stream = outgoing.stream
    const connection = options.connection as SessionConnection
    connection.beginStream()
    this.#stream.once('close', () => {
      connection.endStream()
      if (this.isWanted) this.clientLeft()
    })
  }

  /** Its body may take so long to come. */
  limitArrival(timeoutMs: number, onExpired: (exchange: Exchange) => void): void {
    if (this.#stream.endAfterHeaders) return
    this.#arrivalTimer = setTimeout(onExpired, timeoutMs, this)
    this.incoming.once('end', () => this.arrived())
    this.#stream.once('close', () => this.arrived())
  }

  /** The end of a body whose length was told may be told later, and be read by nobody. */
  override arrived(): void {
    clearTimeout(this.#arrivalTimer)
  }

  /** Its connection is told, and goes on as long as other requests do. */
  override settleConnection(isLast: boolean): void {
    if (isLast) this.connection.takeNoMore()
  }

  override answer(answer: HttpAnswer, isLast: boolean): number {
    const bytes = super.answer(answer, isLast)
    // Nobody reads the rest of what it sends: this has its client stop, with the answer in its hands.
    if (!this.#stream.endAfterHeaders && !this.incoming.complete) this.#stream.close(constants.NGHTTP2_NO_ERROR)
    return bytes
  }

  /**
   * As bytes: of several texts that are written at once Node sends, over HTTP/2, what lies in memory where the second and
   * those after it were (found on 20, 22, 24 and 26).
   */
  override toWire(piece: Piece): Piece {
    return typeof piece === 'string' ? Buffer.from(piece) : piece
  }

  override get isFramed(): boolean {
    return true
  }

  override breakStream(): void {
    this.end('answered')
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }

  /** As an object: in a list, all but the last header of a name would be lost. */
  protected override writeHead(statusCode: number, headers: readonly string[], ...more: readonly string[]): void {
    const all = [...headers, ...more, ...this.policyHeaders, 'x-request-id', this.requestId]
    const fields: Record<string, string | string[]> = {}
    for (let at = 0; at < all.length; at += 2) {
      const name = (all[at] as string).toLowerCase()
      const value = all[at + 1] as string
      const before = fields[name]
      if (!NOT_IN_HTTP2.has(name)) fields[name] = before === undefined ? value : [before, value].flat()
    }
    this.outgoing.writeHead(statusCode, fields)
  }
}
