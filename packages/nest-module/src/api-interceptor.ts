import { Readable } from 'node:stream'
import type { MountRoute } from '@ekiben/core/adapter'
import { type CallHandler, type ExecutionContext, Inject, type NestInterceptor } from '@nestjs/common'
import { catchError, type Observable, of } from 'rxjs'
import { Exchange } from './exchange.js'
import { API_OF_HANDLER } from './marks.js'
import { MOUNT_HOST, type MountHost } from './mount-host.js'
import { rawOf, sendAnswer } from './send-answer.js'
import { toException } from './to-exception.js'

/** A request as both platforms have it. */
interface NestRequest {
  readonly headers: Record<string, string>
  readonly raw?: Readable
  body?: unknown
  readonly id?: unknown
  readonly ip?: string
}

/** By request: what its handler goes on with. */
const exchanges = new WeakMap<object, Exchange>()

/**
 * The innermost interceptor of each api: it reads the input, whatever form it came in, so that pipes see all that the
 * service will get. A client could go round them otherwise, by sending a form in place of JSON.
 */
export class ApiInterceptor implements NestInterceptor {
  readonly #host: MountHost

  constructor(host: MountHost) {
    this.#host = host
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request: NestRequest = context.switchToHttp().getRequest()
    const response: object = context.switchToHttp().getResponse()
    const exchange = this.#open(Reflect.getMetadata(API_OF_HANDLER, context.getHandler()), request, response)
    exchanges.set(request, exchange)
    const opened = await exchange.opened.catch((error: unknown) => refuse(this.#host, response, error))
    if ('answer' in opened) return of(sendAnswer(this.#host.adapter, response, opened.answer))
    request.body = opened.input
    const abandon = (error: unknown): never => {
      exchange.abandon(error)
      throw error
    }
    return next.handle().pipe(catchError(abandon))
  }

  #open(of: Pick<MountRoute, 'service' | 'api'>, request: NestRequest, response: object): Exchange {
    const { mount } = this.#host
    const route = mount.routes.find(({ service, api }) => service === of.service && api === of.api) as MountRoute
    const { headers, body, raw = request as unknown as Readable, id, ip } = request
    return new Exchange(mount, route, {
      headers,
      ...(body instanceof Readable ? { stream: body } : { stream: raw, body }),
      outgoing: rawOf(response),
      requestId: typeof id === 'string' ? id : undefined,
      remoteAddress: ip,
    })
  }
}
// As a function: what compiles this package need not know Nest's decorators.
Inject(MOUNT_HOST)(ApiInterceptor, undefined, 0)

/** What a controller's handler returns: the value of its api, of which the rest of the answer has been set. */
export async function handleApi(
  host: MountHost,
  input: unknown,
  exchange: { request: object; response: object },
): Promise<unknown> {
  const { request, response } = exchange
  try {
    const answer = await (exchanges.get(request) as Exchange).finish(input)
    return sendAnswer(host.adapter, response, answer)
  } catch (error) {
    return refuse(host, response, error)
  }
}

/** Its headers are set before Nest's filters answer it. */
function refuse({ adapter }: MountHost, response: object, error: unknown): never {
  const { headers = {} } = error as { headers?: Readonly<Record<string, string>> }
  if (!rawOf(response).headersSent) {
    for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value)
  }
  throw toException(error)
}
