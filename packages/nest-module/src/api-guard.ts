import { type FrameworkRequest, type HostError, hostRequest, openRequest } from '@ekiben/core/adapter'
import { type CanActivate, type ExecutionContext, HttpException, Inject } from '@nestjs/common'
import { MOUNT_HOST, type MountHost } from './mount-host.js'
import { type NestResponse, rawOf, sendAnswer, setHead } from './send-answer.js'

/** Of a handler: the full name of its api, where each request finds it. */
export const kApi: unique symbol = Symbol('api')
/** Of a request whose body has been read: answers it, with what the pipes left of its input. */
export const kAnswer: unique symbol = Symbol('answer')

/** A request as both platforms have it. */
export type NestRequest = FrameworkRequest & { body?: unknown; [kAnswer]?: (input: unknown) => Promise<unknown> }
type Opened = Awaited<ReturnType<typeof openRequest>>

/**
 * The last guard of each api. It keeps nobody out; it reads the bodies that Nest's parsers have left, so that pipes see
 * all that a service will get. A client could go round them otherwise, by sending a form in place of JSON.
 */
export class ApiGuard implements CanActivate {
  declare readonly host: MountHost

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { mount, adapterHost } = this.host
    const adapter = adapterHost.httpAdapter
    const [request, response] = context.getArgs<[NestRequest, NestResponse]>()
    const refuse = (error: HostError): never => {
      // Before Nest's filters answer.
      if (!rawOf(response).headersSent) setHead(adapter, response, Object.entries(error.headers ?? {}))
      throw toException(error)
    }
    const goOn = (opened: Opened): boolean => {
      if ('answer' in opened) {
        setHead(adapter, response, opened.answer.headers)
        throw new HttpException(JSON.parse(opened.answer.body as string), opened.answer.statusCode)
      }
      request.body = opened.input
      request[kAnswer] = (input) => opened.finish(input).then((answer) => sendAnswer(adapter, response, answer), refuse)
      return true
    }
    const route = mount.routeOf((context.getHandler() as unknown as { readonly [kApi]: string })[kApi])
    // Nest makes the text of what interceptors leave of an answer.
    const opened = openRequest(mount, route, hostRequest(request, { outgoing: rawOf(response), asValue: true }))
    return opened instanceof Promise ? opened.then(goOn, refuse) : goOn(opened)
  }
}
// By functions: what compiles this package need not know Nest's decorators.
Inject(MOUNT_HOST)(ApiGuard.prototype, 'host')

/**
 * An HttpException of the service's stays itself, and so does an error that says nothing of a status: an app's filters
 * know it by its class, and Nest's own answers it with 500 and none of its words. All else becomes an HttpException with
 * the status and the words that a client may have.
 */
function toException(error: HostError): unknown {
  const { statusCode = 500, message, code, detail, requestId, cause = error } = error
  if (error instanceof HttpException || !(error instanceof Error)) return error
  const isPlain = cause instanceof Error && !('statusCode' in cause) && !('status' in cause)
  if (cause instanceof HttpException || (statusCode === 500 && isPlain)) return cause
  const body = { statusCode, message, code, ...(detail !== undefined && { detail }), requestId }
  return new HttpException(body, statusCode, { cause })
}
