import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { closeInOneStep } from './close-in-one-step.js'

const kConnection: unique symbol = Symbol('ekiben.connection')

/** A client that has connected since, and has not said a word, is about to. */
const FIRST_WORD_MS = 500

/** A request without an answer, as its connection sees it. */
export interface OpenRequest {
  readonly incoming: IncomingMessage
  readonly ageMs: number
  /** The connection closed. */
  clientLeft(): void
}

/** One client connection and the requests on it that have no answer yet, in order of arrival. */
export class Connection {
  readonly socket: Socket
  readonly requests: OpenRequest[] = []
  /** The newest that came since none was open: its answer, given or not, waits for all of theirs. */
  latest: OpenRequest | undefined = undefined
  /** No request after this one is taken: its answer says, or the parser knows, that the connection ends. */
  isClosing = false
  /** Its client is to connect anew: the next answer says so. */
  isShed = false
  /** Its socket was taken over: no request comes on it any more, and only those who took it know when it is done. */
  isUpgraded = false
  readonly #acceptedAt = performance.now()
  /** Bytes received when the last request was answered: more since then are the start of a next one. */
  #settledBytes = 0

  constructor(socket: Socket) {
    this.socket = socket
  }

  begin(request: OpenRequest): void {
    this.requests.push(request)
    this.latest = request
  }

  end(request: OpenRequest): void {
    // Nearly always the only one; pipelined requests may be answered out of order.
    if (this.requests.at(-1) === request) this.requests.pop()
    else this.requests.splice(this.requests.indexOf(request) >>> 0, 1)
    if (this.requests.length > 0) return
    this.latest = undefined
    this.settle()
  }

  /** What was received until now has been answered. */
  settle(): void {
    this.#settledBytes = this.socket.bytesRead
  }

  /** It will be given no further request: its client is told where that can be done before an answer. */
  takeNoMore(): void {}

  /** Ends it where nothing goes on, nor is about to. */
  endIdle(): void {
    if (this.isIdle && (this.socket.bytesRead > 0 || !isNew(this.#acceptedAt))) this.socket.destroy()
  }

  /** Names each answer that was given and that its client has not taken as a whole. */
  get untaken(): string[] {
    const { writableLength } = this.socket
    if (this.requests.length > 0 || writableLength === 0) return []
    return [`an answer of which its client had not taken ${writableLength} bytes`]
  }

  /** Nothing asked, nothing half received, nothing still on its way out; also one that never sent a byte. */
  get isIdle(): boolean {
    const { bytesRead, writableLength } = this.socket
    return this.requests.length === 0 && bytesRead === this.#settledBytes && writableLength === 0
  }
}

/** Every open connection of a host. Node closes neither upgraded sockets nor, up to 24, those that sent nothing. */
export class ConnectionTable<C extends Connection = Connection> {
  readonly #make: (socket: Socket) => C
  readonly #open = new Set<C>()
  /** Under the encrypted ones, and those on which a handshake goes on: when each was accepted. */
  readonly #carriers = new Map<Socket, number>()
  #accepted = 0
  #onEmpty: (() => void)[] = []

  constructor(make: (socket: Socket) => C) {
    this.#make = make
  }

  /** How many were ever accepted. */
  get accepted(): number {
    return this.#accepted
  }

  get size(): number {
    return this.#open.size
  }

  /** Listener of the server's `connection` event. */
  readonly add = (socket: Socket): void => this.join(this.#make(socket))

  join(connection: C): void {
    const { socket } = connection
    ;(socket as TrackedSocket)[kConnection] = connection
    if (!('encrypted' in socket)) closeInOneStep(socket)
    this.#accepted++
    this.#open.add(connection)
    socket.once('close', () => this.#remove(connection))
  }

  /** What will carry an encrypted connection, from the moment when it was accepted. */
  readonly carry = (socket: Socket): void => {
    this.#accepted++
    this.#carriers.set(socket, performance.now())
    socket.once('close', () => {
      this.#carriers.delete(socket)
      this.#noteEmpty()
    })
  }

  /** Ends every connection on which nothing goes on, those on which nobody ever said a word among them. */
  endIdle(): void {
    for (const connection of this.#open) connection.endIdle()
    for (const [socket, acceptedAt] of this.#carriers) {
      if (socket.bytesRead === 0 && !isNew(acceptedAt)) socket.destroy()
    }
  }

  destroy(): void {
    for (const { socket } of this.#open) socket.destroy()
    for (const socket of this.#carriers.keys()) socket.destroy()
  }

  of(socket: Socket): C {
    return (socket as TrackedSocket)[kConnection] as C
  }

  [Symbol.iterator](): IterableIterator<C> {
    return this.#open.values()
  }

  /** Calls back once, when no connection is open: at once if none is. */
  onEmpty(callback: () => void): void {
    if (this.#isEmpty) callback()
    else this.#onEmpty.push(callback)
  }

  #remove(connection: C): void {
    this.#open.delete(connection)
    for (const request of [...connection.requests]) request.clientLeft()
    this.#noteEmpty()
  }

  get #isEmpty(): boolean {
    return this.#open.size === 0 && this.#carriers.size === 0
  }

  #noteEmpty(): void {
    if (!this.#isEmpty) return
    for (const callback of this.#onEmpty.splice(0)) callback()
  }
}

function isNew(acceptedAt: number): boolean {
  return performance.now() - acceptedAt < FIRST_WORD_MS
}

interface TrackedSocket extends Socket {
  [kConnection]: Connection
}
