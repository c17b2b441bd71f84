import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

export interface RequestTarget {
  /** Of a Unix socket. */
  readonly path: string
  /** Is its body sent as it comes, without a length? */
  readonly isStreamed: boolean
}

/** Answers to which no body belongs. */
const BODYLESS = new Set([204, 205, 304])

/** `fetch` over a Unix socket, which the global one cannot do. It follows no redirect. */
export async function sendRequest(request: Request, { path, isStreamed }: RequestTarget): Promise<Response> {
  const { method, signal } = request
  signal.throwIfAborted()
  const url = new URL(request.url)
  const headers: Record<string, string> = { host: url.host, ...Object.fromEntries(request.headers) }
  const body = isStreamed || request.body === null ? undefined : Buffer.from(await request.arrayBuffer())
  if (body !== undefined) headers['content-length'] = String(body.byteLength)
  const outgoing = httpRequest({
    socketPath: path,
    path: `${url.pathname}${url.search}`,
    method,
    headers,
    agent: false,
    signal,
  })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.on('error', (error) => reject(signal.aborted ? signal.reason : error))
  })
  if (body === undefined && request.body !== null) {
    // Its failure is the request's: it is told there.
    pipeline(Readable.fromWeb(request.body as NodeReadableStream), outgoing).catch(() => {})
  } else {
    outgoing.end(body)
  }
  return toResponse(await answer, method)
}

function toResponse(incoming: IncomingMessage, method: string): Response {
  const { statusCode: status = 500, statusMessage: statusText = '', rawHeaders } = incoming
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string)
  const isBodyless = method === 'HEAD' || BODYLESS.has(status)
  if (isBodyless) incoming.resume()
  const body = isBodyless ? null : (Readable.toWeb(incoming) as ReadableStream)
  return new Response(body, { status, statusText, headers })
}
