import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { Connection, type OpenRequest } from './connection-table.js'

/** With this for the last request that is taken, GOAWAY says: no more after those that are on their way. */
const ON_THEIR_WAY = 2 ** 31 - 1

/**
 * A connection that speaks HTTP/2: its requests run side by side, and its client is told by GOAWAY when it is to connect
 * anew.
 */
export class SessionConnection extends Connection {
  readonly #session: Http2Session
  #isLast = false
  #streams = 0

  constructor(socket: Socket, session: Http2Session) {
    super(socket)
    this.#session = session
  }

  /** One more stream is open: of a request, or of its answer that is still being taken. */
  beginStream(): void {
    this.#streams++
  }

  endStream(): void {
    this.#streams--
  }

  override get untaken(): string[] {
    const count = this.#streams - this.requests.length
    return new Array<string>(count).fill('an answer of which its client had not taken all')
  }

  /**
   * Those that are on their way are answered as long as one is open. With none open, Node would read no more: the session
   * is left until its next request.
   */
  override takeNoMore(): void {
    if (this.#isLast || this.requests.length === 0 || this.#session.closed) return
    this.#isLast = true
    this.#session.goaway(0, ON_THEIR_WAY)
  }

  override end(request: OpenRequest): void {
    super.end(request)
    // What came too late the client may send anew: GOAWAY says that it was not looked at.
    if (this.#isLast && this.requests.length === 0) this.#session.close()
  }

  override endIdle(): void {
    if (this.isIdle) this.#session.close()
  }

  /** Bytes come and go here without anybody asking anything. */
  override get isIdle(): boolean {
    return this.requests.length === 0
  }
}
