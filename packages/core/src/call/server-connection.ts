import { createError, type ErrorOrigin, isServiceError } from '../errors/service-error.js'
import type { ApiStream } from '../runner/api-stream.js'
import { monotonicMs } from '../util/monotonic.js'
import { FLAG_NOT_STARTED, FRAME_HEADER_BYTES, FRAME_TYPE, type Frame, payloadBytes } from './frame.js'
import { FrameReader } from './frame-reader.js'
import type { FrameSocket } from './frame-socket.js'
import { FrameWriter } from './frame-writer.js'
import { decodeHello, encodeHello } from './hello.js'
import { ServerCall } from './server-call.js'
import { ServerStream } from './server-stream.js'
import { decodeCredit, itemCost } from './stream-window.js'
import { decodeMessage, type EncodedMessage, encodeMessage, readAttachments } from './wire.js'
import { toWireError } from './wire-error.js'

export interface ServerConnectionOptions {
  readonly socket: FrameSocket
  readonly service: string
  readonly apis: readonly string[]
  readonly schemaHash: string
  readonly origin: ErrorOrigin
  /** Takes calls, or refuses each as not started. */
  readonly isOpen: () => boolean
  /** Runs a call; the connection's `answer` or `fail` ends it. */
  readonly run: (call: ServerCall, connection: ServerConnection) => void
  /** The caller sends no more calls. */
  readonly onLeft: () => void
  readonly onClose: (error: Error | undefined) => void
}

const EMPTY = new Uint8Array(0)

/** The service's end of one connection. */
export class ServerConnection {
  readonly #options: ServerConnectionOptions
  readonly #socket: FrameSocket
  readonly #reader = new FrameReader()
  readonly #writer: FrameWriter
  readonly #calls = new Map<number, ServerCall>()
  #isGreeted = false
  #hasLeft = false
  #error: Error | undefined

  constructor(options: ServerConnectionOptions) {
    this.#options = options
    this.#socket = options.socket
    this.#writer = new FrameWriter(options.socket)
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#socket.on('drain', () => {
      if (!this.#writer.isBlocked) this.#socket.resume()
    })
    this.#socket.on('error', (error) => {
      this.#error ??= error
    })
    this.#socket.on('close', () => this.#closed())
  }

  /** Tells the caller to send no more calls. */
  sendGoaway(): void {
    // A caller that has not said hello is told after its hello.
    if (this.#isGreeted) this.#send(FRAME_TYPE.goaway, 0, { body: EMPTY, attachments: [] })
  }

  /** The caller has promised to send no more calls. */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  end(): void {
    this.#writer.flush()
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /**
   * The answer of a call; a value that cannot be sent becomes its error. Resolves when it is sent, which for a Blob is
   * when that was read; undefined: it is.
   */
  answer(call: ServerCall, value: unknown): Promise<void> | undefined {
    if (!this.#take(call)) return undefined
    let message: EncodedMessage
    try {
      message = encodeMessage(value)
    } catch (error) {
      this.#sendError(call.id, error)
      return undefined
    }
    const attachments = readAttachments(message.attachments)
    if (!(attachments instanceof Promise)) {
      this.#send(FRAME_TYPE.result, call.id, { body: message.body, attachments })
      return undefined
    }
    return attachments.then(
      (read) => this.#send(FRAME_TYPE.result, call.id, { body: message.body, attachments: read }),
      (error: unknown) => this.#sendError(call.id, error),
    )
  }

  /** The items of a call, then its end or its error. Rejects with what ended it early, when its caller has been told. */
  async stream(call: ServerCall, items: ApiStream): Promise<void> {
    const stream = new ServerStream({ items, send: (item) => this.#sendItem(call, item) })
    call.attach(stream)
    try {
      await stream.run()
    } catch (error) {
      this.fail(call, error)
      throw error
    }
    if (this.#take(call)) this.#send(FRAME_TYPE.end, call.id, { body: EMPTY, attachments: [] })
  }

  fail(call: ServerCall, error: unknown): void {
    if (this.#take(call)) this.#sendError(call.id, error)
  }

  /** It was not started: the caller may go elsewhere. */
  refuse(call: Pick<ServerCall, 'id'>, error: Error): void {
    this.#calls.delete(call.id)
    this.#sendError(call.id, error, FLAG_NOT_STARTED)
  }

  #take(call: ServerCall): boolean {
    call.finish()
    return this.#calls.delete(call.id) && !call.isAborted
  }

  /** Gives what it takes from the caller's window. */
  async #sendItem(call: ServerCall, item: unknown): Promise<number> {
    const { body, attachments } = encodeMessage(item)
    const read = await readAttachments(attachments)
    if (call.isAborted) return 0
    call.liftDeadline()
    this.#send(FRAME_TYPE.chunk, call.id, { body, attachments: read })
    const lengths = read.map(({ byteLength }) => byteLength)
    return itemCost(FRAME_HEADER_BYTES + payloadBytes(body.byteLength, lengths))
  }

  #sendError(id: number, error: unknown, flags = 0): void {
    const { origin } = this.#options
    let message: EncodedMessage
    try {
      message = encodeMessage(toWireError(error, origin))
    } catch (unsendable) {
      message = encodeMessage(toWireError(unsendable, origin))
    }
    const attachments = message.attachments as readonly Uint8Array[]
    this.#send(FRAME_TYPE.error, id, { body: message.body, attachments, flags })
  }

  #send(
    type: number,
    id: number,
    message: { readonly body: Uint8Array; readonly attachments: readonly Uint8Array[]; readonly flags?: number },
  ): void {
    if (this.#socket.destroyed) return
    const head = { type, flags: message.flags ?? 0, method: 0, id, deadlineAt: undefined }
    this.#writer.write(head, message.body, message.attachments)
    // A caller that does not read its answers gets to send no more calls.
    if (this.#writer.isBlocked) this.#socket.pause()
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk, (frame) => this.#onFrame(frame))
    } catch (error) {
      if (!isServiceError(error)) throw error
      this.#error ??= error
      // The peer may be an older or newer version: it gets to know why, if it can read that.
      this.#sendError(0, error)
      this.#writer.flush()
      this.#socket.destroySoon()
    }
  }

  #onFrame(frame: Frame): void {
    if (this.#error !== undefined) return
    if (!this.#isGreeted) return this.#greet(frame)
    switch (frame.type) {
      case FRAME_TYPE.call:
        return this.#onCall(frame)
      case FRAME_TYPE.cancel:
        return this.#onCancel(frame.id)
      case FRAME_TYPE.credit:
        return this.#onCredit(frame)
      case FRAME_TYPE.goaway:
        this.#hasLeft = true
        return this.#options.onLeft()
      default:
        throw createError('EKB_ERR_CALL_PROTOCOL', { reason: `a caller sent a frame of type ${frame.type}` })
    }
  }

  #greet(frame: Frame): void {
    const { service, schemaHash, apis, isOpen } = this.#options
    if (frame.type !== FRAME_TYPE.hello) throw createError('EKB_ERR_CALL_PROTOCOL', { reason: 'no hello came first' })
    decodeHello(frame, service)
    this.#isGreeted = true
    this.#send(FRAME_TYPE.hello, 0, { body: encodeHello({ service, schemaHash, apis }), attachments: [] })
    if (!isOpen()) this.sendGoaway()
  }

  #onCall(frame: Frame): void {
    const { service, apis, isOpen, run } = this.#options
    if (this.#calls.has(frame.id) || frame.id === 0) {
      throw createError('EKB_ERR_CALL_PROTOCOL', { reason: `a caller used the id ${frame.id} twice` })
    }
    const api = apis[frame.method]
    if (api === undefined) {
      throw createError('EKB_ERR_CALL_PROTOCOL', { reason: `'${service}' has no api number ${frame.method}` })
    }
    const { value, requestId = '', traceparent } = decodeMessage(frame)
    const { id, deadlineAt } = frame
    const call = new ServerCall({ id, api, input: value, requestId, traceparent, deadlineAt })
    if (!isOpen()) {
      const params = { service, method: api, reason: 'it is draining and did not start the call' }
      return this.refuse(call, createError('EKB_ERR_WORKER_LOST', params))
    }
    this.#calls.set(id, call)
    if (!this.refuseLate(call)) run(call, this)
  }

  /** Work whose deadline has passed is not started, as after a loop that was blocked. */
  refuseLate(call: ServerCall): boolean {
    if (call.deadlineAt === undefined) return false
    const lateMs = monotonicMs() - call.deadlineAt
    if (lateMs < 0) return false
    const what = `${this.#options.service}.${call.api} (not started, ${Math.ceil(lateMs)} ms late)`
    this.refuse(call, createError('EKB_ERR_TIMEOUT', { what, timeoutMs: 0 }))
    return true
  }

  /** For a call that has ended in the meantime it means nothing. */
  #onCredit(frame: Frame): void {
    const cost = decodeCredit(frame)
    if (cost === undefined) throw createError('EKB_ERR_CALL_PROTOCOL', { reason: 'a credit is no number' })
    this.#calls.get(frame.id)?.credit(cost)
  }

  #onCancel(id: number): void {
    const call = this.#calls.get(id)
    if (call === undefined) return
    call.abort(createError('EKB_ERR_ABORTED', { what: `${this.#options.service}.${call.api}` }))
  }

  #closed(): void {
    const calls = [...this.#calls.values()]
    for (const call of calls) {
      call.abort(createError('EKB_ERR_ABORTED', { what: `${this.#options.service}.${call.api}` }))
    }
    this.#calls.clear()
    this.#options.onClose(this.#error)
  }
}
