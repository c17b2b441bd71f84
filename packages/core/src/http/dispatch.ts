import { toPublicError } from '../errors/public-error.js'
import { reasonOf } from '../errors/reason-of.js'
import type { Logger } from '../observe/logger.js'
import { logBindings } from '../runner/call-context.js'
import type { CallHandler, CallRequest } from '../runner/call-request.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { errorAnswer } from './error-answer.js'
import type { HttpAnswer, StreamAnswer } from './http-answer.js'
import { openStream, type StreamCaller, type Streamed } from './open-stream.js'
import { parseInput, ReadInput } from './parse-input.js'
import type { HttpResponseControl } from './response-control.js'
import { type ApiRoute, pathOf, type Route, RouteTable, type SystemPath } from './route-table.js'
import { createSystemAnswers, type SystemRoutesOptions, systemPaths } from './system-routes.js'
import { writeAnswer } from './write-answer.js'

/** A cause may point back at its own error. */
const MAX_CAUSES = 8

/** A call that came over HTTP. */
export interface DispatchRequest extends CallRequest {
  /** What the api asked for its answer; undefined: it did not. */
  readonly control: HttpResponseControl | undefined
  readonly route: string | undefined
}

export interface DispatchOptions extends Omit<SystemRoutesOptions, 'definition'> {
  readonly definition: ServiceDefinition
  readonly handler: CallHandler
  readonly log: Logger
  /** The stacks of errors that are the service's own are in the answers. Default: in the log alone. */
  readonly showsStacks?: boolean | undefined
}

/** From a request to an answer, whatever server carries them: routes, bodies, results, errors. */
export class Dispatcher {
  readonly #options: DispatchOptions
  readonly #routes: RouteTable
  /** Answers a route of the host's own. */
  readonly system: (path: SystemPath) => HttpAnswer | Promise<HttpAnswer>

  constructor(options: DispatchOptions) {
    this.#options = options
    this.#routes = new RouteTable(options.definition, systemPaths(options))
    this.system = createSystemAnswers({ ...options, definition: () => options.definition })
  }

  /** Is there a route for exactly this? */
  has(method: string, target: string): boolean {
    return this.#routes.find(method, pathOf(target)) !== undefined
  }

  /** The route that a request means; throws 404 and 405. */
  match(method: string, target: string): Route {
    return this.#routes.match(method, target)
  }

  /** Runs the api on a whole body, or on what was read from one: its result, or a promise of it. */
  call(route: ApiRoute, body: Uint8Array | ReadInput, request: DispatchRequest): unknown {
    const input = body instanceof ReadInput ? body.value : parseInput(route, contentTypeOf(request), body)
    return this.#options.handler(route.api.name, input, request)
  }

  /** The answer that a call's result makes. */
  answer(route: ApiRoute, result: unknown, request: DispatchRequest): HttpAnswer {
    return writeAnswer(route.api, result, request.control)
  }

  /** The answer that a result of many pieces makes, once the first is there; undefined: nobody waits for it any more. */
  open(route: ApiRoute, value: Streamed, request: DispatchRequest & StreamCaller): Promise<StreamAnswer | undefined> {
    return openStream(value, { api: route.api, accept: request.headers?.accept as string | undefined, caller: request })
  }

  /** The answer to whatever was thrown; logs what the client is not told. */
  refuse(thrown: unknown, request: DispatchRequest): HttpAnswer {
    const error = toPublicError(thrown)
    if (error.level !== 'none') {
      const { definition, log } = this.#options
      const fields = { err: thrown, ...logBindings(request), route: request.route, status: error.statusCode }
      log[error.level](fields, `${definition.name}${request.route ?? ''}: ${reasonOf(thrown)}`)
    }
    const isShown = this.#options.showsStacks === true && error.statusCode >= 500
    return errorAnswer(error, request.requestId, isShown ? stackOf(thrown) : undefined)
  }
}

/** Its stack, and those of its causes. */
function stackOf(thrown: unknown): string {
  const stacks: string[] = []
  let at = thrown
  for (let depth = 0; depth < MAX_CAUSES && at !== undefined && at !== null; depth++) {
    const { stack, cause } = at as Partial<Error>
    stacks.push(String(stack ?? at))
    at = cause
  }
  return stacks.join('\n\nCaused by ')
}

function contentTypeOf({ headers }: DispatchRequest): string | undefined {
  return headers?.['content-type'] as string | undefined
}
