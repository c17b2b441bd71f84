import type { ServiceError } from '../errors/service-error.js'
import type { PoolMember } from '../ipc/protocol.js'
import { monotonicMs } from '../util/monotonic.js'
import { CallConnection, type CallConnectionOptions, type OutgoingCall } from './call-connection.js'

/** A worker that could not be reached is left alone for so long. */
const RETRY_AFTER_MS = 100

export interface PoolLinkOptions {
  readonly service: string
  readonly member: PoolMember
  /** A worker of another generation must prove its schema. */
  readonly schemaHash: string | undefined
  readonly connect: CallConnectionOptions['connect']
  /** It can be reached, takes calls again, or no longer. */
  readonly onChange: () => void
}

/** One ready worker as its caller sees it; connects when it is called, and again after a connection was lost. */
export class PoolLink {
  readonly member: PoolMember
  readonly #options: PoolLinkOptions
  #connection: CallConnection | undefined
  /** Not before then, after a connection failed. */
  #retryAt = 0
  #lastError: ServiceError | undefined

  constructor(options: PoolLinkOptions) {
    this.member = options.member
    this.#options = options
  }

  /** Calls given to it and not answered yet. */
  get load(): number {
    return this.#connection?.load ?? 0
  }

  /** Has it answered our hello? */
  get isConnected(): boolean {
    return this.#connection?.state === 'ready'
  }

  /** Is it connected, or about to be? */
  get isOpen(): boolean {
    return this.#connection !== undefined
  }

  /** May it get a call? Not one that drains: it said goaway, and its successor has another address or comes later. */
  get isUsable(): boolean {
    const connection = this.#connection
    if (connection !== undefined) return connection.state === 'ready' || connection.state === 'connecting'
    return this.#retryAt === 0 || monotonicMs() >= this.#retryAt
  }

  /** Milliseconds until it may be tried again; undefined: it need not be waited for. */
  get retryInMs(): number | undefined {
    return this.#connection === undefined && this.#retryAt > 0 ? this.#retryAt - monotonicMs() : undefined
  }

  get lastError(): ServiceError | undefined {
    return this.#lastError
  }

  /** Before the first call, which then need not wait for it. */
  connect(): void {
    if (this.#retryAt === 0) this.#connection ??= this.#connect()
  }

  start(call: OutgoingCall): void {
    this.#connection ??= this.#connect()
    this.#connection.start(call)
  }

  cancel(call: OutgoingCall): void {
    this.#connection?.cancel(call)
  }

  credit(call: OutgoingCall, cost: number): void {
    this.#connection?.credit(call, cost)
  }

  /** No further calls; those in flight may end. */
  retire(): void {
    this.#connection?.retire()
  }

  /** It keeps the process alive no longer. */
  unref(): void {
    this.#connection?.unref()
  }

  destroy(): void {
    this.#connection?.destroy()
  }

  #connect(): CallConnection {
    const { service, schemaHash, member, connect } = this.#options
    const connection = new CallConnection({
      address: member.address,
      service,
      schemaHash,
      connect,
      onChange: (error) => {
        if (connection.state === 'ready') this.#retryAt = 0
        if (connection.state === 'closed') {
          this.#connection = undefined
          this.#lastError = error
          this.#retryAt = monotonicMs() + RETRY_AFTER_MS
        }
        this.#options.onChange()
      },
    })
    return connection
  }
}
