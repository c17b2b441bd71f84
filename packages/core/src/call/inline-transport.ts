import { createError } from '../errors/service-error.js'
import { ApiStream, iteratorOf } from '../runner/api-stream.js'
import type { CallHandler } from '../runner/call-request.js'
import { notIterableError } from '../runner/validation-error.js'
import { MAX_TIMER_MS } from '../util/max-timer.js'
import { monotonicMs } from '../util/monotonic.js'
import { CallStream } from './call-stream.js'
import { FRAME_HEADER_BYTES, type Frame, paddingAfter } from './frame.js'
import { ItemQueue } from './item-queue.js'
import type { CallOptions } from './pool-call.js'
import { ServerCall } from './server-call.js'
import { ServerStream } from './server-stream.js'
import { toCallerError } from './service-call-error.js'
import type { CallTransport } from './service-client.js'
import { costOfFrame } from './stream-window.js'
import { decodeMessage, encodeMessage, readAttachments } from './wire.js'
import { toWireError } from './wire-error.js'

export interface InlineTransportOptions {
  readonly service: string
  readonly handler: CallHandler
  /** The service's own limit for a call. Default: none. */
  readonly timeoutMs?: number | undefined
}

/**
 * Calls a service in this process by the rules of one in another: what crosses is checked and copied, errors are
 * those a worker would have answered with, deadline and cancellation reach the api, a stream is as far ahead of its
 * reader as it could be there.
 */
export function createInlineTransport(options: InlineTransportOptions): CallTransport {
  return {
    call: async (api, input, callOptions) => {
      const call = new InlineCall(options, api, callOptions)
      return call.run(input, async (result) => copy(await result))
    },
    stream: (api, input, callOptions) =>
      new CallStream(() => {
        const call = new InlineCall(options, api, callOptions)
        const items: ItemQueue = new ItemQueue((cost) => call.credit(cost))
        call
          .run(input, (result) => call.pump(result, items))
          .then(
            () => items.end(),
            (error: unknown) => items.end({ error }),
          )
        return { items, cancel: () => call.cancel() }
      }),
  }
}

/** One call from its beginning to its end, at both of its sides. */
class InlineCall {
  readonly #target: InlineTransportOptions
  readonly #api: string
  readonly #options: CallOptions
  readonly #call: ServerCall
  #end: (error: Error) => void = () => {}

  constructor(target: InlineTransportOptions, api: string, options: CallOptions) {
    this.#target = target
    this.#api = api
    this.#options = options
    const { requestId, traceparent } = options
    const deadlineAt = deadlineOf(options, target.timeoutMs)
    this.#call = new ServerCall({ id: 0, api, input: undefined, requestId, traceparent, deadlineAt })
  }

  /** What `finish` makes of the api's result. The caller does not wait for an api that ignores its signal. */
  async run<T>(input: unknown, finish: (result: unknown) => Promise<T>): Promise<T> {
    const call = this.#call
    const { signal } = this.#options
    if (signal?.aborted) throw this.#aborted()
    const copied = await copy(input)
    if (signal?.aborted || call.isAborted) throw this.#aborted()
    const leftMs = call.deadlineAt === undefined ? Number.POSITIVE_INFINITY : call.deadlineAt - monotonicMs()
    if (leftMs <= 0) throw this.#timedOut(leftMs)
    return new Promise((resolve, reject) => {
      this.#end = (error) => {
        call.abort(error)
        reject(error)
      }
      const onAbort = () => this.cancel()
      const expire = () => call.deadlineAt !== undefined && this.#end(this.#timedOut(leftMs))
      const timer = Number.isFinite(leftMs) ? setTimeout(expire, Math.min(leftMs, MAX_TIMER_MS)) : undefined
      signal?.addEventListener('abort', onAbort)
      const settle = (end: () => void) => {
        // Its own clock may abort it a moment before ours: what the api makes of that is no answer.
        if (call.isAborted) reject(this.#timedOut(leftMs))
        else end()
      }
      void this.#invoke(copied, finish)
        .then(
          (result) => settle(() => resolve(result)),
          (error) => settle(() => reject(error)),
        )
        .finally(() => {
          clearTimeout(timer)
          call.finish()
          signal?.removeEventListener('abort', onAbort)
        })
    })
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    const error = this.#aborted()
    this.#call.abort(error)
    this.#end(error)
  }

  credit(cost: number): void {
    this.#call.credit(cost)
  }

  /** Moves the items of a stream, as far as there is room for them. */
  async pump(result: unknown, items: ItemQueue): Promise<void> {
    const source = toStream(await result)
    if (source === undefined) throw notIterableError(this.#target.service, this.#api)
    const stream = new ServerStream({
      items: source,
      send: async (item) => {
        const { value, cost } = await copyItem(item)
        this.#call.liftDeadline()
        items.push(value, cost)
        return cost
      },
    })
    this.#call.attach(stream)
    await stream.run()
  }

  async #invoke<T>(input: unknown, finish: (result: unknown) => Promise<T>): Promise<T> {
    const { service, handler } = this.#target
    try {
      return await finish(await handler(this.#api, input, this.#call))
    } catch (error) {
      const origin = { service, slot: 0, pid: process.pid }
      throw toCallerError(await copy(toWireError(error, origin)), { service, method: this.#api })
    }
  }

  get #what(): string {
    return `${this.#target.service}.${this.#api}`
  }

  #aborted(): Error {
    return createError('EKB_ERR_ABORTED', { what: this.#what })
  }

  #timedOut(leftMs: number): Error {
    return createError('EKB_ERR_TIMEOUT', { what: this.#what, timeoutMs: Math.max(0, Math.ceil(leftMs)) })
  }
}

/** What a runner answers with, or what a stand-in for a service returns. */
function toStream(result: unknown): ApiStream | undefined {
  if (result instanceof ApiStream) return result
  const items = iteratorOf(result)
  return items && new ApiStream({ items, check: undefined, inCall: (step) => step(), onEnd: () => {} })
}

/** The nearest of the caller's deadline, the call's own limit and the service's. */
function deadlineOf(
  { deadlineAt = Infinity, timeoutMs = Infinity }: CallOptions,
  limitMs = Infinity,
): number | undefined {
  const nearest = Math.min(deadlineAt, monotonicMs() + Math.min(timeoutMs, limitMs))
  return nearest === Infinity ? undefined : nearest
}

/** Through the wire's own format, so that nothing crosses here that would not cross there. */
async function copy(value: unknown): Promise<unknown> {
  return (await copyItem(value)).value
}

/** And what it takes from the window of a stream. */
async function copyItem(value: unknown): Promise<{ readonly value: unknown; readonly cost: number }> {
  const { body, attachments } = encodeMessage(value)
  const parts: Uint8Array[] = [Buffer.alloc(FRAME_HEADER_BYTES), body]
  let length = body.byteLength
  for (const attachment of await readAttachments(attachments)) {
    const padding = paddingAfter(length)
    parts.push(Buffer.alloc(padding), attachment)
    length += padding + attachment.byteLength
  }
  const source = Buffer.concat(parts)
  const bodyEnd = FRAME_HEADER_BYTES + body.byteLength
  const head = { type: 0, flags: 0, method: 0, id: 0, deadlineAt: undefined }
  const frame: Frame = { ...head, source, bodyStart: FRAME_HEADER_BYTES, bodyEnd, end: source.length, alone: true }
  return { value: decodeMessage(frame).value, cost: costOfFrame(frame) }
}
