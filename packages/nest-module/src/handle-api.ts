import { Readable } from 'node:stream'
import {
  type FrameworkRequest,
  hostRequest,
  type MountRequest,
  type OpenRequest,
  openRequest,
} from '@ekiben/core/adapter'
import { type CanActivate, type ExecutionContext, HttpException, Inject } from '@nestjs/common'
import { API_OF_HANDLER } from './marks.js'
import { MOUNT_HOST, type MountHost } from './mount-host.js'
import { type NestResponse, rawOf, sendAnswer, setHead } from './send-answer.js'
import { toException } from './to-exception.js'

/** Of a request whose body was read here: what its handler goes on with. */
const kOpen = Symbol('open request')

/** A request as both platforms have it. */
interface NestRequest extends FrameworkRequest {
  body?: unknown
  [kOpen]?: OpenRequest
}

/** What Nest's parsers take for JSON, and no more: what is only nearly so is read here. */
const JSON_TYPE = /^application\/json *(?:;|$)/i

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
    const request: NestRequest = context.getArgByIndex(0)
    return isParsed(request) || this.#open(context, request)
  }

  async #open(context: ExecutionContext, request: NestRequest): Promise<boolean> {
    const { mount, adapter } = this.#host
    const response: NestResponse = context.getArgByIndex(1)
    const { service, api } = Reflect.getMetadata(API_OF_HANDLER, context.getHandler())
    const route = mount.routeOf(`${service}.${api}`)
    const opened = await openRequest(mount, route, toMountRequest(request, response)).catch((error: unknown) =>
      refuse(this.#host, response, error),
    )
    if ('answer' in opened) {
      setHead(adapter, response, opened.answer.headers)
      throw new HttpException(JSON.parse(opened.answer.body as string), opened.answer.statusCode)
    }
    request.body = opened.input
    request[kOpen] = opened
    return true
  }
}
// As a function: what compiles this package need not know Nest's decorators.
Inject(MOUNT_HOST)(ApiGuard, undefined, 0)

export interface Handled {
  /** What the pipes left of it. */
  readonly input: unknown
  readonly response: NestResponse
}

/** What a controller's handler returns: the value of its api, when the rest of the answer has been set. */
export async function handleApi(host: MountHost, api: string, { input, response }: Handled): Promise<unknown> {
  const { mount } = host
  const request = (response.request ?? response.req) as NestRequest
  // A pipe may have made anything of what a parser read.
  const transform = input === request.body ? undefined : () => input
  try {
    const answering =
      request[kOpen]?.finish(input) ?? mount.answer(mount.routeOf(api), toMountRequest(request, response, transform))
    return sendAnswer(host.adapter, response, await answering)
  } catch (error) {
    return refuse(host, response, error)
  }
}

/** JSON that Nest's parser has read is the input as it is. */
function isParsed({ body, headers: { 'content-type': type = '' } }: NestRequest): boolean {
  if (typeof body !== 'object' || body === null || body instanceof Readable) return false
  return type === 'application/json' || JSON_TYPE.test(type)
}

/** Nest makes the text of what interceptors leave of an answer. */
function toMountRequest(request: NestRequest, response: NestResponse, transform?: () => unknown): MountRequest {
  return hostRequest(request, { outgoing: rawOf(response), transform, asValue: true })
}

/** The headers are set before Nest's filters answer. */
function refuse({ adapter }: MountHost, response: NestResponse, error: unknown): never {
  const { headers = {} } = error as { headers?: Readonly<Record<string, string>> }
  if (!rawOf(response).headersSent) setHead(adapter, response, Object.entries(headers))
  throw toException(error)
}
