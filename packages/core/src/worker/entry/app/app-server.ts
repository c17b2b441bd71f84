import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { type Connection, ConnectionTable } from '../../../http/connection-table.js'
import { type DrainEvents, type DrainOptions, type DrainReport, HostDrain } from '../../../http/host-drain.js'
import { isAskable } from '../../../http/idle-by-node.js'
import { encryptServer } from '../../../tls/encrypt-server.js'
import { encryptableServer } from '../../../tls/encryptable-server.js'
import type { HandshakeFailures } from '../../../tls/handshake-failures.js'
import type { TlsIdentity } from '../../../tls/tls-identity.js'
import type { AppRequest } from './app-request.js'
import { AppConnection, type AppRequests } from './app-requests.js'
import { listenBeside } from './listen-beside.js'
import type { SocketSource } from './socket-requests.js'
import { UpgradeDrain } from './upgrade-drain.js'

interface Followed {
  readonly connection: AppConnection | undefined
  /** Its client is to connect anew. */
  readonly isLast: boolean
}

/** What a server of the app's encrypts with. */
export interface AppEncryption {
  readonly identity: TlsIdentity
  readonly failures: HandshakeFailures
}

/** A server of the app's on a shared socket: its connections and requests, so that it can be drained. */
export class AppServer {
  readonly server: Server
  readonly #connections = new ConnectionTable((socket) => new AppConnection(socket))
  readonly #sessions = new Set<Http2Session>()
  readonly #requests: AppRequests
  /** Which answer is being given on its connections can be asked of Node. */
  readonly #isAskable: boolean
  /** It has connections of this one as well, whose clients want this very process. */
  #beside: Server | undefined
  readonly #keptHere = new WeakSet<Socket>()
  /** Connections whose clients are still to be told to connect anew. */
  #toShed = 0
  /** Each answer tells its client to connect anew. */
  #isLeaving = false
  #drain: { readonly steps: HostDrain; readonly report: Promise<DrainReport> } | undefined

  /** With `encryption` it has to be a server of node:http that does not listen yet: it will speak TLS. */
  constructor(server: Server, requests: AppRequests, encryption?: AppEncryption) {
    this.server = server
    this.#requests = requests
    requests.watch(this.#connections)
    this.#isAskable = isAskable(server)
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

  /** Nobody but us is told of its connections. */
  get isBare(): boolean {
    return this.server.listeners('connection').every((listener) => listener === this.#connections.add)
  }

  /** Takes connections of one more socket. */
  async listenBeside(where: SocketSource, backlog: number): Promise<void> {
    this.#beside?.close()
    this.#beside = await listenBeside(this.server, { where, backlog, onSocket: (socket) => this.#keptHere.add(socket) })
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
    this.#followAll()
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

  /** Done for each request: as little as can be, for nearly all of them. */
  readonly #onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const connection = this.#connections.of(incoming.socket as Socket) as AppConnection | undefined
    const isPlain = this.#requests.count() && this.#isAskable && isAlone(outgoing)
    const isLast = connection !== undefined && (this.#isLeaving || this.#takesToShed(connection))
    if (isPlain && !isLast && connection !== undefined) connection.askedAt = performance.now()
    else this.#follow(outgoing, { connection, isLast })
  }

  #follow(outgoing: ServerResponse, { connection, isLast }: Followed): void {
    // One that is being answered has come before it.
    if (connection !== undefined && outgoing.socket === null) this.#requests.followCurrent(connection)
    const request = this.#requests.follow(outgoing, connection)
    if (connection !== undefined && isLast) request.sayLast(connection)
  }

  /** Has what is being answered say that it is the last of its connection. */
  #followAll(): void {
    for (const connection of this.#connections) {
      this.#requests.followCurrent(connection)
      for (const request of connection.requests) (request as AppRequest).sayLast(connection)
    }
  }

  /** Is this one of the connections to shed, and was not yet? */
  #takesToShed(connection: Connection): boolean {
    if (this.#toShed === 0 || connection.isShed) return connection.isShed
    if (this.#keptHere.has(connection.socket)) return false
    this.#toShed--
    connection.isShed = true
    return true
  }
}

/** It has stopped already: the app that closes it, as it ends, is told that it did. */
function letClose(server: Server): void {
  server.close = (callback?: (error?: Error) => void): Server => {
    if (callback !== undefined) setImmediate(callback)
    return server
  }
}

/** Of HTTP/1.1, and not behind another on its connection. */
function isAlone({ socket, req }: ServerResponse): boolean {
  return socket !== null && req.httpVersionMajor === 1
}
