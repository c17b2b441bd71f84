import { Readable } from 'node:stream'
import type { MountAnswer, MountRequest } from '@ekiben/core/adapter'
import { type CanActivate, type ExecutionContext, HttpException, Inject } from '@nestjs/common'
import { Exchange } from './exchange.js'
import { API_OF_HANDLER } from './marks.js'
import { type ApiOf, MOUNT_HOST, type MountHost } from './mount-host.js'
import { rawOf, sendAnswer, setHead } from './send-answer.js'
import { toException } from './to-exception.js'

/** A request as both platforms have it. */
export interface NestRequest {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly raw?: Readable
  body?: unknown
  readonly id?: unknown
  readonly ip?: string
}

/** What Nest's parsers take for JSON, and no more: what is only nearly so is read here. */
const JSON_TYPE = /^application\/json *(?:;|$)/i

/** By request: what its handler goes on with. */
const exchanges = new WeakMap<NestRequest, Exchange>()

/**
 * The last guard of each api. It keeps nobody out; it reads the bodies that Nest's parsers have left, so that pipes see
 * all that a service will get. A client could go round them otherwise, by sending a form in place of JSON.
 */
export class ApiGuard implements CanActivate {
  readonly #host: MountHost

  constructor(host: MountHost) {
    this.#host = host
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request: NestRequest = context.switchToHttp().getRequest()
    if (isParsed(request)) return true
    return this.#read(
      request,
      context.switchToHttp().getResponse(),
      Reflect.getMetadata(API_OF_HANDLER, context.getHandler()),
    )
  }

  async #read(request: NestRequest, response: object, of: ApiOf): Promise<boolean> {
    const exchange = new Exchange(
      this.#host.mount,
      this.#host.routeOf(of),
      toMountRequest(request, response, request.body),
    )
    const opened = await exchange.opened.catch((error: unknown) => refuse(this.#host, response, error))
    if ('answer' in opened) throw asException(this.#host, response, opened.answer)
    request.body = opened.input
    exchanges.set(request, exchange)
    return true
  }
}
// As a function: what compiles this package need not know Nest's decorators.
Inject(MOUNT_HOST)(ApiGuard, undefined, 0)

/** What a controller's handler returns: the value of its api, when the rest of the answer has been set. */
export async function handleApi(host: MountHost, of: ApiOf, { input, request, response }: Handled): Promise<unknown> {
  try {
    const open = exchanges.get(request)
    const answer = await (open === undefined
      ? host.mount.answer(host.routeOf(of), toMountRequest(request, response, input))
      : open.finish(input))
    return sendAnswer(host.adapter, response, answer)
  } catch (error) {
    return refuse(host, response, error)
  }
}

export interface Handled {
  /** What the pipes left of it. */
  readonly input: unknown
  readonly request: NestRequest
  readonly response: object
}

/** JSON that Nest's parser has read is the input as it is. */
function isParsed({ body, headers }: NestRequest): boolean {
  if (typeof body !== 'object' || body === null || body instanceof Readable) return false
  return JSON_TYPE.test(headers['content-type'] ?? '')
}

function toMountRequest(request: NestRequest, response: object, input: unknown): MountRequest {
  const { headers, body, raw = request as unknown as Readable, id, ip } = request
  const isUnread = body instanceof Readable
  return {
    headers,
    stream: isUnread ? body : raw,
    body: isUnread ? undefined : body,
    // A pipe may have made anything of it.
    transform: input === body ? undefined : () => input,
    outgoing: rawOf(response),
    requestId: typeof id === 'string' ? id : undefined,
    remoteAddress: ip,
  }
}

/** The headers are set before Nest's filters answer. */
function refuse({ adapter }: MountHost, response: object, error: unknown): never {
  const { headers = {} } = error as { headers?: Readonly<Record<string, string>> }
  if (!rawOf(response).headersSent) setHead(adapter, response, Object.entries(headers))
  throw toException(error)
}

/** An answer that came before Nest has got as far as to a handler. */
function asException(
  { adapter }: MountHost,
  response: object,
  { statusCode, headers, body }: MountAnswer,
): HttpException {
  setHead(adapter, response, headers)
  return new HttpException(JSON.parse(body as string), statusCode)
}
