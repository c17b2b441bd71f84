import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { parseRequestUrl } from './parse-request-url.js'

export type Fetch = (request: Request) => Response | Promise<Response>

const BAD_REQUEST = 400
const INTERNAL_ERROR = 500

/** Serves an app that takes a `Request` and gives a `Response`, with node:http. */
export function fetchListener(fetch: Fetch): RequestListener {
  return (incoming, outgoing) => {
    const leaving = new AbortController()
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) leaving.abort()
    })
    void answer(fetch, { incoming, outgoing, signal: leaving.signal })
  }
}

interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly signal: AbortSignal
}

/** Never rejects. */
async function answer(fetch: Fetch, exchange: Exchange): Promise<void> {
  const { outgoing } = exchange
  const request = toRequest(exchange)
  if (request === undefined) return end(outgoing, BAD_REQUEST)
  try {
    send(outgoing, await fetch(request))
  } catch (error) {
    process.stderr.write(`fetch() failed: ${error instanceof Error ? error.stack : String(error)}\n`)
    end(outgoing, INTERNAL_ERROR)
  }
}

/** undefined: its host, its path or its method is none. */
function toRequest({ incoming, signal }: Exchange): Request | undefined {
  const { method = 'GET', url: target = '/', headers, rawHeaders, socket } = incoming
  const url = parseRequestUrl({ scheme: 'encrypted' in socket ? 'https' : 'http', host: headers.host, target })
  if (url === undefined) return undefined
  const hasBody = method !== 'GET' && method !== 'HEAD'
  try {
    return new Request(url, {
      method,
      headers: pairs(rawHeaders),
      signal,
      ...(hasBody && { body: Readable.toWeb(incoming) as unknown as ReadableStream, duplex: 'half' }),
    } as RequestInit)
  } catch {
    return undefined
  }
}

function pairs(raw: readonly string[]): [string, string][] {
  const found: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) found.push([raw[at] as string, raw[at + 1] as string])
  return found
}

function send(outgoing: ServerResponse, { status, headers, body }: Response): void {
  if (outgoing.destroyed) {
    void body?.cancel().catch(() => {})
    return
  }
  outgoing.statusCode = status
  for (const [name, value] of headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  const cookies = headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  if (body === null) outgoing.end()
  // An error breaks the connection: what was sent must not look whole.
  else pipeline(Readable.fromWeb(body as unknown as NodeReadableStream), outgoing, () => {})
}

function end(outgoing: ServerResponse, status: number): void {
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  outgoing.statusCode = status
  outgoing.end()
}
