import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createError } from '../errors/service-error.js'
import { JSON_TYPE } from '../http/http-answer.js'
import { nearNames } from '../util/near-names.js'

export interface Reply {
  readonly statusCode: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** `body`: the JSON that was sent; undefined: none was. */
  readonly answer: (body: unknown) => Reply | Promise<Reply>
}

export interface SmallServerOptions {
  readonly routes: Readonly<Record<string, Route>>
  /** Throws to refuse a request by its head alone. */
  readonly admit?: (request: IncomingMessage) => void
  readonly refuse: (error: unknown) => Reply
  /** On every answer. */
  readonly headers: Readonly<Record<string, string>>
}

/** Nothing that is asked of a supervisor is longer. */
const BODY_LIMIT = 64 * 1024
/** What is longer still is not even dropped. */
const ABANDON_LIMIT = 4 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 5_000
const CHECK_INTERVAL_MS = 1_000
/** Connections that have not sent a whole request: one more, and the oldest has to go. So nobody locks others out. */
const WAITING_LIMIT = 32
const CONNECTION_LIMIT = 256

/**
 * HTTP for the few requests that a supervisor answers itself: one request a connection, small bodies, little time to
 * send them. Whatever a client does costs it a bounded amount of memory and no crash.
 */
export class SmallServer {
  readonly server: Server
  readonly #options: SmallServerOptions
  readonly #connections = new Set<Socket>()
  /** In order of their coming. */
  readonly #waiting = new Set<Socket>()

  constructor(options: SmallServerOptions) {
    this.#options = options
    const limits = {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      maxHeaderSize: 8 * 1024,
    }
    this.server = createServer(limits, (request, response) => void this.#serve(request, response))
    this.server.maxConnections = CONNECTION_LIMIT
    this.server.on('connection', (socket) => this.#track(socket))
  }

  /** Takes no more connections; those that have asked are answered. */
  retire(): void {
    this.server.close()
    for (const socket of this.#waiting) socket.destroy()
  }

  /** Ends it; what has connected gets so long to ask, and to take its answer. */
  async close(graceMs: number): Promise<void> {
    this.server.close()
    const giveUp = new AbortController()
    const gone = Promise.all([...this.#connections].map((socket) => whenClosed(socket)))
    await Promise.race([gone, delay(graceMs, undefined, { signal: giveUp.signal }).catch(() => undefined)])
    giveUp.abort()
    for (const socket of this.#connections) socket.destroy()
  }

  #track(socket: Socket): void {
    this.#connections.add(socket)
    this.#waiting.add(socket)
    socket.once('close', () => {
      this.#connections.delete(socket)
      this.#waiting.delete(socket)
    })
    if (this.#waiting.size <= WAITING_LIMIT) return
    const [oldest] = this.#waiting
    oldest?.destroy()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#reply(request).catch((error: unknown) => this.#options.refuse(error))
    const { statusCode, contentType, body, headers } = reply
    response.writeHead(statusCode, {
      ...this.#options.headers,
      ...headers,
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    })
    response.end(body)
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    // Read to its end in any case: a connection that is closed with bytes unread takes the answer with it.
    const body = await readBody(request)
    this.#waiting.delete(request.socket)
    this.#options.admit?.(request)
    const route = this.#route(request)
    return route.answer(body())
  }

  #route({ method = '', url = '' }: IncomingMessage): Route {
    const [path = ''] = url.split('?')
    const { routes } = this.#options
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (route === undefined)
      throw createError('EKB_ERR_ROUTE_NOT_FOUND', { method, path, near: nearNames(path, Object.keys(routes)) })
    if (method !== route.method && !(method === 'HEAD' && route.method === 'GET')) {
      throw createError('EKB_ERR_METHOD_NOT_ALLOWED', { method, path, allow: route.method })
    }
    return route
  }
}

/** What is not known is null: a reader finds every key. */
export function jsonReply(data: unknown, statusCode = 200): Reply {
  const body = JSON.stringify(data, (_key, value: unknown) => (value === undefined ? null : value))
  return { statusCode, contentType: JSON_TYPE, body: `${body}\n` }
}

/** Resolves, when all of it has come, with what reads it. */
async function readBody(request: IncomingMessage): Promise<() => unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= BODY_LIMIT) chunks.push(chunk)
    else chunks.length = 0
    if (length > ABANDON_LIMIT) request.destroy()
  }
  return () => {
    if (length > BODY_LIMIT) throw createError('EKB_ERR_BODY_TOO_LARGE', { limit: BODY_LIMIT })
    return length === 0 ? undefined : parseJson(Buffer.concat(chunks).toString('utf8'))
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw createError('EKB_ERR_BODY_INVALID', { reason: 'it is no JSON' })
  }
}

function whenClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
  })
}
