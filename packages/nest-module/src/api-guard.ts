import type { IncomingMessage } from 'node:http'
import { hostRequest, isParsed, openRequest } from '@ekiben/core/adapter'
import { type CanActivate, type ExecutionContext, HttpException, Inject, type Type } from '@nestjs/common'
import { kApi, type NestRequest, opened, refuse } from './answer-api.js'
import type { MountHost } from './mount-host.js'
import { type NestResponse, rawOf, setHead } from './send-answer.js'

/**
 * The last guard of each api. It keeps nobody out; it reads the bodies that Nest's parsers have left, so that pipes see
 * all that a service will get. A client could go round them otherwise, by sending a form in place of JSON.
 */
class ApiGuard implements CanActivate {
  declare readonly host: MountHost

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.getArgByIndex<NestRequest>(0)
    return isParsed(request) || this.#open(request, context)
  }

  async #open(request: NestRequest, context: ExecutionContext): Promise<boolean> {
    const { mount, adapterHost } = this.host
    const adapter = adapterHost.httpAdapter
    const response = context.getArgByIndex<NestResponse>(1)
    const route = mount.routeOf((context.getHandler() as unknown as { readonly [kApi]: string })[kApi])
    const outgoing = rawOf(adapter, response)
    const given = hostRequest(request, { outgoing, asValue: true, isUnread: isUnread(request.body, outgoing.req) })
    const open = await openRequest(mount, route, given).catch((error) => refuse(adapter, response, error))
    if ('answer' in open) {
      setHead(adapter, response, open.answer.headers)
      throw new HttpException(JSON.parse(open.answer.body as string), open.answer.statusCode)
    }
    request.body = open.input
    opened.set(request, open)
    return true
  }
}

/** Of the parsers of Express 4, which the first Nest 11 has too: they set an empty object on what none of them has read. */
function isUnread(body: unknown, { readableDidRead, readableEnded }: IncomingMessage): boolean {
  const isEmpty = typeof body === 'object' && body !== null && Object.keys(body).length === 0
  return isEmpty && !readableDidRead && !readableEnded
}

/** The guard of the apis of one host, by its token. */
export function apiGuard(host: symbol): Type<CanActivate> {
  class GuardOfHost extends ApiGuard {}
  // By functions: what compiles this package need not know Nest's decorators.
  Inject(host)(GuardOfHost.prototype, 'host')
  return GuardOfHost
}
