import { connect } from 'node:net'
import { createError, isServiceError, type ServiceError } from '../errors/service-error.js'
import { FLAG_NOT_STARTED, FRAME_TYPE, type Frame, type FrameHead } from './frame.js'
import { FrameReader } from './frame-reader.js'
import type { FrameSocket } from './frame-socket.js'
import { FrameWriter } from './frame-writer.js'
import { decodeHello, encodeHello } from './hello.js'
import { costOfFrame, encodeCredit } from './stream-window.js'
import { decodeMessage } from './wire.js'

/** A call on its way; each of its three ends (`resolve`, `refuse`, `returned`) is reported once per `start`. */
export interface OutgoingCall {
  readonly api: string
  /** It is answered with items, whose end is a `resolve` without a value. */
  readonly isStream: boolean
  readonly deadlineAt: number | undefined
  readonly body: Uint8Array
  readonly attachments: readonly Uint8Array[]
  /** Id on the connection; the connection sets it. */
  sentAs: number
  /** The service answered with a value. */
  resolve(value: unknown): void
  /** The next item of its stream, and what it takes from the window. */
  item(value: unknown, cost: number): void
  /** The service answered with an error: what `encodeError` made of it. */
  refuse(wireError: unknown): void
  /** No answer will come. `unsent`: it did not reach the service or was not started; `lost`: it may have run. */
  returned(reason: 'unsent' | 'lost', error: ServiceError): void
}

/** `connecting` keeps calls until the peer's hello; `draining` takes no more, and closes after the last answer. */
export type ConnectionState = 'connecting' | 'ready' | 'draining' | 'closed'

export interface CallConnectionOptions {
  readonly address: string
  readonly service: string
  /** What the peer must have; undefined: any. */
  readonly schemaHash: string | undefined
  /** A shorter way there; undefined: its Unix socket. */
  readonly connect?: ((address: string) => FrameSocket | undefined) | undefined
  /** It became ready, takes calls again, drains, or has closed (then with the error). */
  readonly onChange: (error?: ServiceError) => void
}

const head = (type: number, id: number): FrameHead => ({ type, flags: 0, method: 0, id, deadlineAt: undefined })
const EMPTY = new Uint8Array(0)

/** The caller's end of one connection to one worker: many calls at once, answered in any order. */
export class CallConnection {
  readonly #options: CallConnectionOptions
  readonly #socket: FrameSocket
  readonly #reader = new FrameReader()
  readonly #writer: FrameWriter
  readonly #pending = new Map<number, OutgoingCall>()
  /** Until the peer's hello, and while it does not keep up. */
  readonly #unsent = new Set<OutgoingCall>()
  #methods = new Map<string, number>()
  #state: ConnectionState = 'connecting'
  #lastId = 0
  #error: ServiceError | undefined

  constructor(options: CallConnectionOptions) {
    this.#options = options
    this.#socket = options.connect?.(options.address) ?? connect(options.address)
    this.#writer = new FrameWriter(this.#socket)
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#socket.on('drain', () => this.#sendWaiting())
    this.#socket.on('error', (error) => {
      this.#error ??= createError('EKB_ERR_CALL_PROTOCOL', { reason: error.message }, { cause: error })
    })
    this.#socket.on('close', () => this.#closed())
    const { service, schemaHash } = options
    this.#writer.write(head(FRAME_TYPE.hello, 0), encodeHello({ service, schemaHash, apis: [] }))
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Calls given to it and not answered yet. */
  get load(): number {
    return this.#pending.size + this.#unsent.size
  }

  start(call: OutgoingCall): void {
    if (this.#state === 'ready' && !this.#writer.isBlocked) this.#send(call)
    else this.#unsent.add(call)
  }

  /** Forgets a call and tells the worker; its end is not reported. */
  cancel(call: OutgoingCall): void {
    if (this.#unsent.delete(call) || this.#pending.get(call.sentAs) !== call) return
    this.#pending.delete(call.sentAs)
    this.#writer.write(head(FRAME_TYPE.cancel, call.sentAs), EMPTY)
    this.#endWhenDrained()
  }

  /** Its reader has taken items of that cost: the service may send as much again. */
  credit(call: OutgoingCall, cost: number): void {
    if (this.#pending.get(call.sentAs) === call) {
      this.#writer.write(head(FRAME_TYPE.credit, call.sentAs), encodeCredit(cost))
    }
  }

  /** No further calls; closes after the last answer. */
  retire(): void {
    if (this.#state === 'closed' || this.#state === 'draining') return
    this.#state = 'draining'
    this.#returnUnsent('the connection is no longer used')
    this.#endWhenDrained()
  }

  /** It keeps the process alive no longer. */
  unref(): void {
    this.#socket.unref()
  }

  /** Closes at once; calls in flight are lost. */
  destroy(): void {
    this.#socket.destroy()
  }

  #send(call: OutgoingCall): void {
    const method = this.#methods.get(call.api)
    if (method === undefined) {
      const params = { service: this.#options.service, method: call.api, apis: [...this.#methods.keys()] }
      call.returned('lost', createError('EKB_ERR_SERVICE_NOT_AN_API', params))
      return
    }
    call.sentAs = this.#nextId()
    this.#pending.set(call.sentAs, call)
    const { deadlineAt, body, attachments } = call
    this.#writer.write({ type: FRAME_TYPE.call, flags: 0, method, id: call.sentAs, deadlineAt }, body, attachments)
  }

  /** After four thousand million calls the ids start again; one may still be in use. */
  #nextId(): number {
    do this.#lastId = this.#lastId === 0xffff_ffff ? 1 : this.#lastId + 1
    while (this.#pending.has(this.#lastId))
    return this.#lastId
  }

  #sendWaiting(): void {
    for (const call of this.#unsent) {
      if (this.#state !== 'ready' || this.#writer.isBlocked) return
      this.#unsent.delete(call)
      this.#send(call)
    }
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk, (frame) => this.#onFrame(frame))
    } catch (error) {
      if (!isServiceError(error)) throw error
      this.#error ??= error
      this.#socket.destroy()
    }
  }

  #onFrame(frame: Frame): void {
    if (this.#state === 'closed' || this.#socket.destroyed) return
    switch (frame.type) {
      case FRAME_TYPE.result:
      case FRAME_TYPE.error:
        return this.#onAnswer(frame)
      case FRAME_TYPE.chunk:
      case FRAME_TYPE.end:
        return this.#onStream(frame)
      case FRAME_TYPE.hello:
        return this.#onHello(frame)
      case FRAME_TYPE.goaway:
        return this.#onGoaway()
      default:
        throw createError('EKB_ERR_CALL_PROTOCOL', { reason: `a server sent a frame of type ${frame.type}` })
    }
  }

  #onAnswer(frame: Frame): void {
    const { value } = decodeMessage(frame)
    if (frame.id === 0) throw createError('EKB_ERR_CALL_PROTOCOL', { reason: refusalText(value) })
    const call = this.#pending.get(frame.id)
    // Cancelled in the meantime.
    if (call === undefined) return
    this.#pending.delete(frame.id)
    if (frame.type === FRAME_TYPE.result) call.resolve(value)
    else if ((frame.flags & FLAG_NOT_STARTED) !== 0) this.#return(call, 'unsent', 'the worker did not start it')
    else call.refuse(value)
    this.#endWhenDrained()
  }

  #onStream(frame: Frame): void {
    const call = this.#pending.get(frame.id)
    // Cancelled in the meantime.
    if (call === undefined) return
    if (!call.isStream) throw createError('EKB_ERR_CALL_PROTOCOL', { reason: `'${call.api}' answered with a stream` })
    if (frame.type === FRAME_TYPE.chunk) return call.item(decodeMessage(frame).value, costOfFrame(frame))
    this.#pending.delete(frame.id)
    call.resolve(undefined)
    this.#endWhenDrained()
  }

  #onHello(frame: Frame): void {
    const { service, schemaHash } = this.#options
    const hello = decodeHello(frame, service)
    if (schemaHash !== undefined && hello.schemaHash !== schemaHash) {
      const reason = `a worker of '${service}' has the schema ${hello.schemaHash}, not ${schemaHash}`
      throw createError('EKB_ERR_CALL_PROTOCOL', { reason })
    }
    this.#methods = new Map(hello.apis.map((api, index) => [api, index]))
    if (this.#state !== 'connecting') return
    this.#state = 'ready'
    this.#sendWaiting()
    this.#options.onChange()
  }

  /** The worker drains. Its goaway is answered, so that it knows: no call follows that it has not seen. */
  #onGoaway(): void {
    this.#state = 'draining'
    this.#writer.write(head(FRAME_TYPE.goaway, 0), EMPTY)
    this.#options.onChange()
    this.#returnUnsent('its worker is draining')
    this.#endWhenDrained()
  }

  #returnUnsent(reason: string): void {
    const calls = [...this.#unsent]
    this.#unsent.clear()
    for (const call of calls) this.#return(call, 'unsent', reason)
  }

  #return(call: OutgoingCall, how: 'unsent' | 'lost', reason: string): void {
    const options = this.#error === undefined ? {} : { cause: this.#error }
    call.returned(
      how,
      createError('EKB_ERR_WORKER_LOST', { service: this.#options.service, method: call.api, reason }, options),
    )
  }

  #endWhenDrained(): void {
    if (this.#state !== 'draining' || this.#pending.size > 0) return
    this.#writer.flush()
    this.#socket.end()
  }

  #closed(): void {
    this.#state = 'closed'
    const reason = this.#error?.message ?? 'its connection closed'
    const lost = [...this.#pending.values()]
    this.#pending.clear()
    this.#options.onChange(this.#error ?? createError('EKB_ERR_CALL_PROTOCOL', { reason }))
    for (const call of lost) this.#return(call, 'lost', reason)
    this.#returnUnsent(reason)
  }
}

function refusalText(value: unknown): string {
  const { message } = (value ?? {}) as { message?: unknown }
  return `the worker refused the connection: ${String(message)}`
}
