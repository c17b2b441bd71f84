import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { type Connection, ConnectionTable, type OpenRequest } from '../../../http/connection-table.js'
import { type DrainEvents, type DrainOptions, type DrainReport, HostDrain } from '../../../http/host-drain.js'
import { pathOf } from '../../../http/route-table.js'
import type { CallsInFlight } from '../../../runner/calls-in-flight.js'

import { UpgradeDrain } from './upgrade-drain.js'

/** A server of the app's on a shared socket: its connections and requests, so that it can be drained. */
export class AppServer {
  readonly server: Server
  readonly #connections = new ConnectionTable()
  readonly #sessions = new Set<Http2Session>()
  readonly #calls: CallsInFlight
  /** Each answer tells its client to connect anew. */
  #isLeaving = false
  #drain: { readonly steps: HostDrain; readonly report: Promise<DrainReport> } | undefined

  constructor(server: Server, calls: CallsInFlight) {
    this.server = server
    this.#calls = calls
    // Before the app's own listeners, and before those of node:http and node:https.
    server.prependListener(server instanceof TlsServer ? 'secureConnection' : 'connection', this.#connections.add)
    server.prependListener('request', this.#onRequest)
    for (const event of ['upgrade', 'connect']) this.#watchUpgrades(event)
    server.on('session', (session: Http2Session) => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
    })
  }

  /** Serves on, and has clients who stay connected connect anew. */
  discourage(): void {
    this.#isLeaving = true
  }

  encourage(): void {
    if (this.#drain === undefined) this.#isLeaving = false
  }

  /** As the built-in host drains; called again: new times, from now. */
  drain(options: DrainOptions, events: DrainEvents): Promise<DrainReport> {
    if (this.#drain !== undefined) {
      this.#drain.steps.hurry(options)
      return this.#drain.report
    }
    this.#isLeaving = true
    for (const connection of this.#connections) {
      for (const request of connection.requests) (request as AppRequest).sayLast(connection)
    }
    const steps = new HostDrain(this.server, this.#connections)
    const report = steps.run(options, events)
    for (const session of this.#sessions) session.close()
    const upgrades = new UpgradeDrain(this.#connections, options.deadlineMs)
    void report.then(() => upgrades.end())
    this.#drain = { steps, report }
    void report.then(() => letClose(this.server))
    return report
  }

  /** Only beside a listener of the app's: without one, Node answers such a request itself. */
  #watchUpgrades(event: string): void {
    const mark = (_incoming: IncomingMessage, socket: Socket): void => {
      const connection = this.#connections.of(socket) as Connection | undefined
      if (connection !== undefined) connection.isUpgraded = true
    }
    const watch = (): void => void this.server.prependListener(event, mark)
    if (this.server.listenerCount(event) > 0) return watch()
    const onNew = (added: string | symbol): void => {
      if (added !== event) return
      this.server.off('newListener', onNew)
      watch()
    }
    this.server.on('newListener', onNew)
  }

  readonly #onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const connection = this.#connections.of(incoming.socket as Socket) as Connection | undefined
    const id = incoming.headers['x-request-id']
    const label = `${incoming.method} ${pathOf(incoming.url ?? '/')}`
    const call = this.#calls.enter(label, { requestId: typeof id === 'string' ? id : '' })
    const request = new AppRequest(incoming, outgoing)
    connection?.begin(request)
    if (this.#isLeaving && connection !== undefined) request.sayLast(connection)
    outgoing.once('close', () => {
      connection?.end(request)
      this.#calls.leave(call)
    })
  }
}

/** A request that the app has not answered yet. */
class AppRequest implements OpenRequest {
  readonly incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #startedAt = performance.now()

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.incoming = incoming
    this.#outgoing = outgoing
  }

  get ageMs(): number {
    return performance.now() - this.#startedAt
  }

  /** Its answer ends by its own `close`. */
  clientLeft(): void {}

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

/** It has stopped already: the app that closes it, as it ends, is told that it did. */
function letClose(server: Server): void {
  server.close = (callback?: (error?: Error) => void): Server => {
    if (callback !== undefined) setImmediate(callback)
    return server
  }
}
