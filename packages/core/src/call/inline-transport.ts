import { createError } from '../errors/service-error.js'
import type { CallHandler } from '../runner/call-request.js'
import { monotonicMs } from '../util/monotonic.js'
import { FRAME_HEADER_BYTES, type Frame, paddingAfter } from './frame.js'
import type { CallOptions } from './pool-call.js'
import { ServerCall } from './server-call.js'
import { toCallerError } from './service-call-error.js'
import type { CallTransport } from './service-client.js'
import { decodeMessage, encodeMessage, readAttachments } from './wire.js'
import { toWireError } from './wire-error.js'

export interface InlineTransportOptions {
  readonly service: string
  readonly handler: CallHandler
}

/**
 * Calls a service in this process by the rules of one in another: what crosses is checked and copied, errors are
 * those a worker would have answered with, deadline and cancellation reach the api.
 */
export function createInlineTransport({ service, handler }: InlineTransportOptions): CallTransport {
  const origin = { service, slot: 0, pid: process.pid }
  return {
    async call(api, input, options) {
      const what = `${service}.${api}`
      if (options.signal?.aborted) throw createError('EKB_ERR_ABORTED', { what })
      const call = new ServerCall({
        id: 0,
        api,
        input: await copy(input),
        requestId: options.requestId,
        traceparent: options.traceparent,
        deadlineAt: deadlineOf(options),
      })
      const run = async (): Promise<unknown> => {
        try {
          return await copy(await handler(api, call.input, call))
        } catch (error) {
          throw toCallerError(await copy(toWireError(error, origin)), { service, method: api })
        }
      }
      return raceWithEnd({ call, what, signal: options.signal }, run)
    },
  }
}

interface InlineCall {
  readonly call: ServerCall
  readonly what: string
  readonly signal: AbortSignal | undefined
}

/** The caller does not wait for an api that ignores its signal. */
async function raceWithEnd({ call, what, signal }: InlineCall, run: () => Promise<unknown>): Promise<unknown> {
  const leftMs = call.deadlineAt === undefined ? Number.POSITIVE_INFINITY : call.deadlineAt - monotonicMs()
  const timedOut = () => createError('EKB_ERR_TIMEOUT', { what, timeoutMs: Math.max(0, Math.ceil(leftMs)) })
  if (leftMs <= 0) throw timedOut()
  return new Promise((resolve, reject) => {
    const end = (error: Error) => {
      call.abort(error)
      reject(error)
    }
    const onAbort = () => end(createError('EKB_ERR_ABORTED', { what }))
    const timer = Number.isFinite(leftMs) ? setTimeout(() => end(timedOut()), leftMs) : undefined
    signal?.addEventListener('abort', onAbort)
    void run()
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer)
        call.finish()
        signal?.removeEventListener('abort', onAbort)
      })
  })
}

function deadlineOf({ deadlineAt = Infinity, timeoutMs = Infinity }: CallOptions): number | undefined {
  const nearest = Math.min(deadlineAt, monotonicMs() + timeoutMs)
  return nearest === Infinity ? undefined : nearest
}

/** Through the wire's own format, so that nothing crosses here that would not cross there. */
async function copy(value: unknown): Promise<unknown> {
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
  return decodeMessage(frame).value
}
