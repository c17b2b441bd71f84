import type { Logger } from '../observe/logger.js'
import type { CallContext, ResponseControl } from '../service/call-context.js'
import { monotonicMs } from '../util/monotonic.js'
import type { CallRequest } from './call-request.js'

/** What all calls of one worker have in common. */
export interface CallHome {
  readonly service: string
  readonly slot: number
  readonly log: Logger
  readonly draining: AbortSignal
}

/** The second argument of an api method: little more than a view of its request until a part is asked for. */
export class RunnerCallContext implements CallContext {
  readonly #home: CallHome
  readonly #request: CallRequest
  #deadline: number | undefined
  #log: Logger | undefined
  #response: ResponseControl | undefined

  constructor(home: CallHome, request: CallRequest) {
    this.#home = home
    this.#request = request
  }

  get signal(): AbortSignal {
    return this.#request.signal
  }

  /** The monotonic deadline on the wall clock: converted once, so that it reads the same each time. */
  get deadline(): number | undefined {
    const { deadlineAt } = this.#request
    if (deadlineAt === undefined) return undefined
    this.#deadline ??= Math.round(Date.now() + deadlineAt - monotonicMs())
    return this.#deadline
  }

  get draining(): AbortSignal {
    return this.#home.draining
  }

  get requestId(): string {
    return this.#request.requestId
  }

  get traceparent(): string | undefined {
    return this.#request.traceparent
  }

  get headers(): CallContext['headers'] {
    return this.#request.headers
  }

  get remoteAddress(): string | undefined {
    return this.#request.remoteAddress
  }

  get response(): ResponseControl {
    this.#response ??= this.#request.response ?? { statusCode: 200, setHeader: () => {}, setCookie: () => {} }
    return this.#response
  }

  get log(): Logger {
    this.#log ??= this.#home.log.child(logBindings(this.#request))
    return this.#log
  }

  get service(): string {
    return this.#home.service
  }

  get slot(): number {
    return this.#home.slot
  }
}

/** The trace id is the second field of W3C's traceparent; whatever else a client sends there is not logged. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-/

/** What a call's log lines carry. */
export function logBindings(request: Pick<CallRequest, 'requestId' | 'traceparent'>): object {
  const traceId = request.traceparent === undefined ? undefined : TRACEPARENT.exec(request.traceparent)?.[1]
  return traceId === undefined ? { requestId: request.requestId } : { requestId: request.requestId, traceId }
}
