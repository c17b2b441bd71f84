import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { toPublicError } from '../errors/public-error.js'
import { createError } from '../errors/service-error.js'
import { errorAnswer } from '../http/error-answer.js'
import { pathOf } from '../http/route-table.js'
import type { HostError } from './host-error.js'
import { type FrameworkRequest, hostRequest } from './host-request.js'
import type { Mount, MountAnswer, MountRequest, MountRoute } from './mount-types.js'
import { NO_VALUE, toMountAnswer } from './served-service.js'

/** A mount whose routes can be looked up. */
export interface RoutedMount extends Pick<Mount, 'answer' | 'requestId'> {
  find(method: string, path: string): MountRoute | undefined
  /** Why there is none. */
  refusal(method: string, path: string): Error
}

/** What Express, Connect and bare `node:http` give to a handler. */
export interface NodeExchange {
  readonly request: IncomingMessage & FrameworkRequest
  readonly response: ServerResponse
  readonly next: ((error?: unknown) => void) | undefined
}

/** Answers, or hands on to `next`; without one it answers everything. */
export function answerNode(mount: RoutedMount, exchange: NodeExchange): void {
  const { request, response, next } = exchange
  const { method = '', url = '/' } = request
  const path = pathOf(url)
  const route = mount.find(method, path)
  if (route === undefined) {
    if (next !== undefined) next()
    else sendAnswer(response, refusal(mount.refusal(method, path), mount.requestId(request)))
    return
  }
  mount.answer(route, hostRequest(request, { outgoing: response, isUnread: !wasRead(request) })).then(
    (answer) => sendAnswer(response, answer),
    (error: unknown) => {
      // Its client has left: nobody is to be told.
      if (response.destroyed) return
      const { requestId } = error as { requestId?: string }
      if (next === undefined) return sendAnswer(response, refusal(error, requestId ?? mount.requestId(request)))
      if (requestId !== undefined && !response.headersSent) response.setHeader('x-request-id', requestId)
      next(error)
    },
  )
}

/** Express 4 sets an empty object on what no parser has read. */
function wasRead({ readableDidRead, readableEnded }: IncomingMessage): boolean {
  return readableDidRead || readableEnded
}

function sendAnswer(response: ServerResponse, { statusCode, headers, body }: MountAnswer): void {
  if (response.destroyed || response.headersSent) {
    if (body instanceof Readable) body.destroy()
    return
  }
  response.statusCode = statusCode
  for (const [name, value] of headers) {
    if (name === 'set-cookie') response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  if (body instanceof Readable) {
    // An error breaks the connection: what was sent must not look whole.
    pipeline(body, response, () => {})
  } else {
    if (body !== undefined) response.setHeader('content-length', Buffer.byteLength(body))
    response.end(body)
  }
}

/** Answers a web request; one that is no route of the mount gets 404, or 405. */
export async function answerFetch(mount: RoutedMount, request: Request): Promise<Response> {
  const { method, url } = request
  const headers = Object.fromEntries(request.headers) as IncomingHttpHeaders
  const path = pathOf(new URL(url).pathname)
  const route = mount.find(method, path)
  if (route === undefined) return toResponse(refusal(mount.refusal(method, path), mount.requestId({ headers })))
  try {
    return toResponse(await mount.answer(route, new WebRequest(request, headers)))
  } catch (error) {
    const { requestId = mount.requestId({ headers }) } = error as { requestId?: string }
    return toResponse(refusal(error, requestId))
  }
}

/** A web request as a mount takes it: its body is looked at where it is wanted, and refused there. */
class WebRequest implements MountRequest {
  readonly headers: IncomingHttpHeaders
  readonly signal: AbortSignal
  readonly #from: Request

  constructor(from: Request, headers: IncomingHttpHeaders) {
    this.headers = headers
    this.signal = from.signal
    this.#from = from
  }

  get stream(): Readable | undefined {
    const { body, bodyUsed } = this.#from
    if (body === null) return undefined
    if (bodyUsed || body.locked)
      throw createError('EKB_ERR_BODY_CONSUMED', { type: this.headers['content-type'] ?? 'none' })
    return Readable.fromWeb(body as NodeReadableStream)
  }
}

/** As `ekiben serve` answers it. */
function refusal(error: unknown, requestId: string): MountAnswer {
  const answer = toMountAnswer(errorAnswer(toPublicError(error), requestId), NO_VALUE, { requestId })
  // Made for a host already: what a service below said of that is known to its headers alone.
  const retryAfter = (error as Partial<HostError>).headers?.['retry-after']
  if (retryAfter === undefined) return answer
  return {
    ...answer,
    headers: answer.headers.map(([name, value]) => [name, name === 'retry-after' ? retryAfter : value]),
  }
}

function toResponse({ statusCode, headers, body }: MountAnswer): Response {
  const content = body instanceof Readable ? (Readable.toWeb(body) as unknown as ReadableStream) : (body ?? null)
  const head = { status: statusCode, headers: headers.map(([name, value]): [string, string] => [name, value]) }
  return new Response(content as string | Uint8Array<ArrayBuffer> | ReadableStream | null, head)
}
