import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { type Connection, ConnectionTable, type OpenRequest } from '../../../http/connection-table.js'
import { type DrainEvents, type DrainOptions, type DrainReport, HostDrain } from '../../../http/host-drain.js'
import { askedPath } from '../../../http/route-table.js'
import type { CallsInFlight, RunningCall } from '../../../runner/calls-in-flight.js'
import { encryptServer } from '../../../tls/encrypt-server.js'
import { encryptableServer } from '../../../tls/encryptable-server.js'
import type { HandshakeFailures } from '../../../tls/handshake-failures.js'
import type { TlsIdentity } from '../../../tls/tls-identity.js'
import { listenBeside } from './listen-beside.js'
import { UpgradeDrain } from './upgrade-drain.js'

const kRequest: unique symbol = Symbol('ekiben.request')

interface TrackedAnswer extends ServerResponse {
  [kRequest]?: AppRequest | undefined
}

/** What a server of the app's encrypts with. */
export interface AppEncryption {
  readonly identity: TlsIdentity
  readonly failures: HandshakeFailures
}

/** A server of the app's on a shared socket: its connections and requests, so that it can be drained. */
export class AppServer {
  readonly server: Server
  readonly #connections = new ConnectionTable()
  readonly #sessions = new Set<Http2Session>()
  readonly #calls: CallsInFlight
  /** It has connections of this one as well, whose clients want this very process. */
  #beside: Server | undefined
  readonly #keptHere = new WeakSet<Socket>()
  /** Connections whose clients are still to be told to connect anew. */
  #toShed = 0
  /** Each answer tells its client to connect anew. */
  #isLeaving = false
  #drain: { readonly steps: HostDrain; readonly report: Promise<DrainReport> } | undefined

  /** With `encryption` it has to be a server of node:http that does not listen yet: it will speak TLS. */
  constructor(server: Server, calls: CallsInFlight, encryption?: AppEncryption) {
    this.server = server
    this.#calls = calls
    if (encryption !== undefined) {
      const { identity, failures } = encryption
      const { carry } = this.#connections
      encryptServer(encryptableServer(server), { identity, onAccepted: carry, onFailed: failures.note })
    }
    // Before the app's own listeners, and before those of node:http and node:https.
    server.prependListener(server instanceof TlsServer ? 'secureConnection' : 'connection', this.#connections.add)
    server.prependListener('request', this.#onRequest)
    for (const event of ['upgrade', 'connect']) this.#watchUpgrades(event)
    server.on('session', (session: Http2Session) => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
    })
  }

  /** Takes connections of one more socket. */
  async listenBeside(fd: number, backlog: number): Promise<void> {
    this.#beside = await listenBeside(this.server, { fd, backlog, onSocket: (socket) => this.#keptHere.add(socket) })
  }

  /** Those of clients that may as well be connected to another process, and can be told so by an answer. */
  get connections(): number {
    let count = 0
    for (const { socket, isUpgraded } of this.#connections) if (!isUpgraded && !this.#keptHere.has(socket)) count++
    return count
  }

  /** Has the clients of so many connections, each when it next asks, connect anew: other workers have fewer. */
  shed(connections: number): void {
    this.#toShed = connections
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
    const onWithdrawn = (): void => {
      this.#beside?.close()
      events.onWithdrawn?.()
    }
    const report = steps.run(options, { onWithdrawn })
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

  readonly #onRequest = (incoming: IncomingMessage, outgoing: TrackedAnswer): void => {
    const connection = this.#connections.of(incoming.socket as Socket) as Connection | undefined
    const request = new AppRequest(incoming, outgoing, connection)
    this.#calls.add(request)
    connection?.begin(request)
    if (connection !== undefined && (this.#isLeaving || this.#takesToShed(connection))) request.sayLast(connection)
    outgoing[kRequest] = request
    outgoing.on('close', this.#onAnswered)
  }

  /** Is this one of the connections to shed, and was not yet? */
  #takesToShed(connection: Connection): boolean {
    if (this.#toShed === 0 || connection.isShed) return connection.isShed
    if (this.#keptHere.has(connection.socket)) return false
    this.#toShed--
    connection.isShed = true
    return true
  }

  /** One listener for all answers, told by `this` which has ended: a closure for each is dear. */
  readonly #onAnswered = onAnswer((request) => {
    request.connection?.end(request)
    this.#calls.leave(request)
  })
}

/** A request that the app has not answered yet. Made for each one, so what only a dump or a drain asks is made when asked. */
class AppRequest implements OpenRequest, RunningCall {
  readonly incoming: IncomingMessage
  readonly startedAt = performance.now()
  place = 0
  readonly connection: Connection | undefined
  readonly #outgoing: ServerResponse

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, connection: Connection | undefined) {
    this.incoming = incoming
    this.connection = connection
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

function onAnswer(listener: (request: AppRequest) => void): (this: TrackedAnswer) => void {
  return function () {
    const request = this[kRequest]
    this[kRequest] = undefined
    if (request !== undefined) listener(request)
  }
}
