import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { toPublicError } from '../errors/public-error.js'
import { createError } from '../errors/service-error.js'
import { errorAnswer } from '../http/error-answer.js'
import { createRequestIds } from '../http/request-id.js'
import { pathOf } from '../http/route-table.js'
import { type FrameworkRequest, hostRequest } from './host-request.js'
import type { Mount, MountAnswer, MountRoute } from './mount-types.js'
import { NO_VALUE, toMountAnswer } from './served-service.js'

/** For what is no route, and so has no call. */
const makeId = createRequestIds()

/** A mount whose routes can be looked up. */
export interface RoutedMount extends Pick<Mount, 'answer'> {
  find(method: string, path: string): MountRoute | undefined
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
  const route = mount.find(method, pathOf(url))
  if (route === undefined) {
    if (next !== undefined) next()
    else sendRefusal(response, createError('EKB_ERR_ROUTE_NOT_FOUND', { method, path: pathOf(url), near: [] }))
    return
  }
  mount.answer(route, hostRequest(request, { outgoing: response, isUnread: !wasRead(request) })).then(
    (answer) => sendAnswer(response, answer),
    (error: unknown) => {
      // Its client has left: nobody is to be told.
      if (response.destroyed) return
      if (next === undefined) return sendRefusal(response, error)
      const { requestId } = error as { requestId?: string }
      if (requestId !== undefined && !response.headersSent) response.setHeader('x-request-id', requestId)
      next(error)
    },
  )
}

/** Express 4 sets an empty object on what no parser has read. */
function wasRead({ readableDidRead, readableEnded }: IncomingMessage): boolean {
  return readableDidRead || readableEnded
}

function sendRefusal(response: ServerResponse, error: unknown): void {
  sendAnswer(response, refusal(error))
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

/** Answers a web request; one that is no route of the mount gets 404. */
export async function answerFetch(mount: RoutedMount, request: Request): Promise<Response> {
  const { method, url, headers, signal } = request
  const path = pathOf(new URL(url).pathname)
  const route = mount.find(method, path)
  const stream = request.body === null ? undefined : Readable.fromWeb(request.body as NodeReadableStream)
  if (route === undefined) {
    stream?.destroy()
    return toResponse(refusal(createError('EKB_ERR_ROUTE_NOT_FOUND', { method, path, near: [] })))
  }
  try {
    return toResponse(
      await mount.answer(route, { headers: Object.fromEntries(headers) as IncomingHttpHeaders, stream, signal }),
    )
  } catch (error) {
    return toResponse(refusal(error))
  }
}

function refusal(error: unknown): MountAnswer {
  const { requestId = makeId() } = error as { requestId?: string }
  return toMountAnswer(errorAnswer(toPublicError(error), requestId), NO_VALUE, { requestId })
}

function toResponse({ statusCode, headers, body }: MountAnswer): Response {
  const content = body instanceof Readable ? (Readable.toWeb(body) as unknown as ReadableStream) : (body ?? null)
  const head = { status: statusCode, headers: headers.map(([name, value]): [string, string] => [name, value]) }
  return new Response(content as string | Uint8Array<ArrayBuffer> | ReadableStream | null, head)
}
