import { type FrameworkRequest, type HostError, hostRequest, type OpenRequest } from '@ekiben/core/adapter'
import { HttpException } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'
import type { MountHost } from './mount-host.js'
import { type NestResponse, rawOf, sendAnswer, setHead } from './send-answer.js'

/** Of a handler: the full name of its api, where each request finds it. */
export const kApi: unique symbol = Symbol('api')
/** Requests whose body no parser of Nest's has read. */
export const opened = new WeakMap<NestRequest, OpenRequest>()

/** A request as both platforms have it. */
export type NestRequest = FrameworkRequest & { body?: unknown }

/** What the handler of an api gets of Nest. */
export type ApiArguments = [input: unknown, request: NestRequest, response: NestResponse]

/** Runs an api on what the pipes left of its input. Nest makes the text of what interceptors leave of the result. */
export async function answerApi(host: MountHost, api: string, args: ApiArguments): Promise<unknown> {
  const { mount, adapterHost } = host
  const [input, request, response] = args
  const adapter = adapterHost.httpAdapter
  const open = opened.get(request)
  try {
    if (open !== undefined) return sendAnswer(adapter, response, await open.finish(input))
    const transform = input === request.body ? undefined : () => input
    const given = hostRequest(request, { outgoing: rawOf(adapter, response), asValue: true, transform })
    return sendAnswer(adapter, response, await mount.answer(mount.routeOf(api), given))
  } catch (error) {
    return refuse(adapter, response, error as HostError)
  }
}

/** Throws what Nest's filters are to answer with. */
export function refuse(adapter: AbstractHttpAdapter, response: NestResponse, error: HostError): never {
  // Before they answer.
  if (!rawOf(adapter, response).headersSent) setHead(adapter, response, Object.entries(error.headers ?? {}))
  throw toException(error)
}

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
