import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { toPublicError } from '../errors/public-error.js'
import { createError, type ErrorOrigin } from '../errors/service-error.js'
import type { CountTable } from '../metrics/count-table.js'
import type { Logger } from '../observe/logger.js'
import { ApiStream } from '../runner/api-stream.js'
import type { CallHandler } from '../runner/call-request.js'
import { deferred } from '../util/deferred.js'
import { hearFirst } from '../util/hear-first.js'
import type { FrameSocket } from './frame-socket.js'
import type { ServerCall } from './server-call.js'
import { ServerConnection } from './server-connection.js'

export interface CallServerOptions {
  readonly handler: CallHandler
  readonly service: string
  readonly slot: number
  readonly apis: readonly string[]
  readonly schemaHash: string
  readonly log: Logger
  /** Where the calls it has run are counted. */
  readonly counts?: CountTable | undefined
  /**
   * Calls run at once, whoever sent them: each caller keeps to the limit by itself, but there may be several.
   * Those beyond it wait here. Default: no limit.
   */
  readonly maxConcurrency?: number | undefined
}

/** `sun_path` has 104 bytes on macOS; Node 20 cuts what is longer in silence. */
const MAX_PATH_BYTES = 100

const OK = 200
/** Its caller does not wait for it any more. */
const LEFT = 499

/** A caller that is blocked may so long not notice that this worker drains. */
const LEAVE_GRACE_MS = 2_000

interface Started {
  readonly connection: ServerConnection
  readonly startedAt: number
}

/** The callee's side: listens on a Unix socket and runs the calls of other workers. */
export class CallServer {
  readonly #options: CallServerOptions
  readonly #origin: ErrorOrigin
  readonly #connections = new Set<ServerConnection>()
  /** Calls beyond `maxConcurrency`, in order of arrival. */
  readonly #waiting = new Map<ServerCall, ServerConnection>()
  readonly #drained = deferred()
  #server: Server | undefined
  #path: string | undefined
  #state: 'open' | 'draining' | 'closed' = 'open'
  #running = 0
  #callOffLeave: (() => void) | undefined

  constructor(options: CallServerOptions) {
    this.#options = options
    this.#origin = { service: options.service, slot: options.slot, pid: process.pid }
  }

  /** Calls that run or wait here. */
  get inFlight(): number {
    return this.#running + this.#waiting.size
  }

  /** Connections of other workers. */
  get callers(): number {
    return this.#connections.size
  }

  /** Listens on the Unix socket `path`, for this user alone. */
  async listen(path: string): Promise<void> {
    const bytes = Buffer.byteLength(path)
    if (bytes > MAX_PATH_BYTES) {
      throw createError('EKB_ERR_SOCKET_PATH_TOO_LONG', { path, bytes, limit: MAX_PATH_BYTES })
    }
    const server = createServer({ noDelay: true }, (socket) => this.accept(socket))
    const listening = deferred()
    server.once('error', (error: NodeJS.ErrnoException) => listening.reject(listenError(path, error)))
    server.listen(path, () => listening.resolve())
    await listening.promise
    server.removeAllListeners('error')
    server.on('error', (error) => this.#options.log.warn({ error: error.message }, 'call socket failed to accept'))
    chmodSync(path, 0o600)
    this.#server = server
    this.#path = path
  }

  /**
   * Stops taking calls and resolves when those in flight are answered. A call that still arrives is refused as not
   * started, so its caller takes another worker; a connection stays until its caller knows.
   */
  async drain(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'draining'
      this.#stopListening()
      for (const [call, connection] of this.#waiting) connection.refuse(call, this.#draining(call))
      this.#waiting.clear()
      for (const connection of this.#connections) connection.sendGoaway()
      this.#settleDrain()
    }
    await this.#drained.promise
  }

  /** Closes at once; the calls in flight are aborted. */
  async close(): Promise<void> {
    this.#state = 'closed'
    this.#callOffLeave?.()
    this.#stopListening()
    for (const connection of this.#connections) connection.destroy()
    this.#drained.resolve()
  }

  /** A caller has connected. */
  accept(socket: FrameSocket): void {
    if (this.#state === 'closed') {
      socket.destroy()
      return
    }
    const { service, apis, schemaHash, log } = this.#options
    const connection = new ServerConnection({
      socket,
      service,
      apis,
      schemaHash,
      origin: this.#origin,
      isOpen: () => this.#state === 'open',
      run: (call, from) => this.#enter(call, from),
      onLeft: () => this.#settleDrain(),
      onClose: (error) => {
        this.#connections.delete(connection)
        if (error !== undefined) log.warn({ error: error.message }, 'a call connection was closed')
        this.#settleDrain()
      },
    })
    this.#connections.add(connection)
  }

  #enter(call: ServerCall, connection: ServerConnection): void {
    const { maxConcurrency } = this.#options
    if (maxConcurrency !== undefined && this.#running >= maxConcurrency) this.#waiting.set(call, connection)
    else this.#start(call, connection)
  }

  #start(call: ServerCall, connection: ServerConnection): void {
    this.#running++
    const startedAt = performance.now()
    let result: unknown
    try {
      result = this.#options.handler(call.api, call.input, call)
    } catch (error) {
      connection.fail(call, error)
      return this.#leave(call, startedAt, statusOf(error))
    }
    if (!isThenable(result)) {
      return this.#answer(call, result, { connection, startedAt })
    }
    result.then(
      (value) => {
        if (value instanceof ApiStream) return void this.#stream(call, value, { connection, startedAt })
        this.#answer(call, value, { connection, startedAt })
      },
      (error: unknown) => {
        connection.fail(call, error)
        this.#leave(call, startedAt, statusOf(error))
      },
    )
  }

  /** It runs until its answer is sent: a connection that ends before would lose it. */
  #answer(call: ServerCall, value: unknown, { connection, startedAt }: Started): void {
    const sending = connection.answer(call, value)
    if (sending === undefined) this.#leave(call, startedAt, OK)
    else void sending.then(() => this.#leave(call, startedAt, OK))
  }

  async #stream(call: ServerCall, items: ApiStream, { connection, startedAt }: Started): Promise<void> {
    let status = OK
    try {
      await connection.stream(call, items)
    } catch (error) {
      status = statusOf(error)
    }
    this.#leave(call, startedAt, status)
  }

  #leave(call: ServerCall, startedAt: number, status: number): void {
    this.#running--
    this.#options.counts?.add(call.api, call.isAborted ? LEFT : status, performance.now() - startedAt)
    if (this.#waiting.size > 0) this.#startWaiting()
    if (this.#state === 'draining') this.#settleDrain()
  }

  /** The next one whose caller still waits and whose deadline has not passed. */
  #startWaiting(): void {
    for (const [call, connection] of this.#waiting) {
      this.#waiting.delete(call)
      if (call.isAborted) connection.fail(call, undefined)
      else if (!connection.refuseLate(call)) return this.#start(call, connection)
    }
  }

  #settleDrain(): void {
    if (this.#state !== 'draining' || this.inFlight > 0) return
    for (const connection of this.#connections) if (connection.hasLeft) connection.end()
    if (this.#connections.size === 0) {
      this.#callOffLeave?.()
      this.#drained.resolve()
      return
    }
    this.#callOffLeave ??= hearFirst(LEAVE_GRACE_MS, () => {
      for (const connection of this.#connections) connection.destroy()
    })
  }

  #draining(call: ServerCall): Error {
    const reason = 'it is draining and did not start the call'
    return createError('EKB_ERR_WORKER_LOST', { service: this.#options.service, method: call.api, reason })
  }

  #stopListening(): void {
    this.#server?.close()
    // Node unlinks the path by itself where nothing else has happened to it.
    if (this.#path !== undefined) rmSync(this.#path, { force: true })
    this.#server = undefined
    this.#path = undefined
  }
}

function listenError(path: string, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE') {
    return createError('EKB_ERR_SOCKET_IN_USE', { address: path, owner: undefined }, { cause: error })
  }
  return createError('EKB_ERR_SOCKET_UNAVAILABLE', { address: path, reason: error.message }, { cause: error })
}

function statusOf(error: unknown): number {
  return toPublicError(error).statusCode
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
}
