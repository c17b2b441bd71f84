import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connection, OpenRequest } from '../../../http/connection-table.js'
import { askedPath } from '../../../http/route-table.js'
import type { RunningCall } from '../../../runner/calls-in-flight.js'

/** A request that the app has not answered yet. What only a dump or a drain asks is made when asked. */
export class AppRequest implements OpenRequest, RunningCall {
  readonly incoming: IncomingMessage
  readonly startedAt: number
  place = 0
  clientLeft: () => void = () => {}
  readonly connection: Connection | undefined
  readonly #outgoing: ServerResponse

  constructor(outgoing: ServerResponse, connection: Connection | undefined, startedAt = performance.now()) {
    this.incoming = outgoing.req
    this.connection = connection
    this.startedAt = startedAt
    this.#outgoing = outgoing
  }

  get api(): string {
    return `${this.incoming.method} ${askedPath(this.incoming)}`
  }

  get request(): { requestId: string } {
    const id = this.incoming.headers['x-request-id']
    return { requestId: typeof id === 'string' ? id : '' }
  }

  get ageMs(): number {
    return performance.now() - this.startedAt
  }

  /** Of the requests of its connection, the last to be answered says `Connection: close`. */
  sayLast(connection: Connection): void {
    const outgoing = this.#outgoing
    // An HTTP/2 answer has no connection of its own.
    if (outgoing.headersSent || !('shouldKeepAlive' in outgoing)) return
    const { writeHead } = outgoing
    outgoing.writeHead = function (this: ServerResponse, ...args: unknown[]) {
      if (connection.requests.at(-1)?.incoming === outgoing.req) {
        connection.isClosing = true
        outgoing.shouldKeepAlive = false
      }
      return Reflect.apply(writeHead, this, args) as ServerResponse
    } as typeof writeHead
  }
}
