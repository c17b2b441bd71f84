import { Readable } from 'node:stream'
import { toPublicError } from '../errors/public-error.js'
import { reasonOf } from '../errors/reason-of.js'
import { AnswerBatch } from '../http/answer-batch.js'
import { Dispatcher } from '../http/dispatch.js'
import { errorAnswer } from '../http/error-answer.js'
import { type Gate, throughGate } from '../http/gate.js'
import { type HttpAnswer, JSON_TYPE, type StreamAnswer } from '../http/http-answer.js'
import { isStreamed, type Streamed } from '../http/open-stream.js'
import { parseTimeLeft, TIME_LEFT_HEADER } from '../http/parse-time-left.js'
import { RequestFiles } from '../http/request-files.js'
import { createRequestIds } from '../http/request-id.js'
import type { ApiRoute } from '../http/route-table.js'
import type { SpoolFolder } from '../http/spool-folder.js'
import { writeValue } from '../http/write-answer.js'
import type { CountTable } from '../metrics/count-table.js'
import type { Logger } from '../observe/logger.js'
import { isThenable } from '../runner/api-call.js'
import { ApiStream } from '../runner/api-stream.js'
import { logBindings } from '../runner/call-context.js'
import type { CallHandler } from '../runner/call-request.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { answerStream } from './answer-stream.js'
import { CalledStream } from './called-stream.js'
import { parsedInput, readInput } from './host-body.js'
import { toHostError, withRequestId } from './host-error.js'
import { MountCall, type MountCallOwner } from './mount-call.js'
import type { MountAnswer, MountCallContext, MountOptions, MountRequest } from './mount-types.js'

export interface ServedServiceOptions {
  readonly definition: ServiceDefinition
  readonly handler: CallHandler
  readonly spool: SpoolFolder
  readonly errors: NonNullable<MountOptions['errors']>
  readonly counts: CountTable | undefined
  /** What lets its calls in, those from inside as well; undefined: all at once. */
  readonly gate: Gate | undefined
  /** Does the host stop, and end no connections but idle ones? */
  readonly isLeaving: () => boolean
  readonly log: Logger
}

/** One mounted service: from a request that its host has routed to an answer that its host sends. */
export class ServedService {
  readonly #options: ServedServiceOptions
  readonly #dispatcher: Dispatcher
  readonly #gate: Gate | undefined
  readonly #owner: MountCallOwner
  readonly #batch = new AnswerBatch()

  constructor(options: ServedServiceOptions) {
    this.#options = options
    this.#gate = options.gate
    this.#dispatcher = new Dispatcher({ ...options, isReady: () => true })
    this.#owner = {
      makeId: createRequestIds(),
      onCut: (call, reason) => this.#gate?.forget(call, reason),
      isLeaving: options.isLeaving,
    }
  }

  /**
   * Rejects with what the host is to answer, unless errors are answered here. By callbacks, and one promise for all of it:
   * of each further one for a request a host's requests/s tell.
   */
  answer(route: ApiRoute, request: MountRequest): Promise<MountAnswer> {
    const call = new MountCall(request, route.path, this.#owner)
    return new Promise((resolve, reject) => {
      let isAnswered = false
      const give = (answer: MountAnswer): void => {
        isAnswered = true
        // The beginning of a stream, and what ends its connection, wait for no others.
        if (request.outgoing?.shouldKeepAlive === true && !(answer.body instanceof Readable)) {
          this.#batch.add(() => resolve(answer))
        } else resolve(answer)
      }
      const refuse = (thrown: unknown): void => {
        if (isAnswered) return
        isAnswered = true
        try {
          resolve(this.#refuse(route, thrown, { call, log: request.log }))
        } catch (error) {
          reject(error)
        }
      }
      const answer = (value: unknown): void => {
        // Also where nobody waits for it any more: it is closed then.
        if (isStreamed(value)) return void this.#stream(route, value, call).then(give, refuse)
        if (isAnswered) return
        try {
          give(this.#answer(route, value, { call, asValue: request.asValue === true }))
        } catch (thrown) {
          refuse(thrown)
        }
      }
      call.giveUpBy(refuse)
      if (isAnswered) return
      try {
        const result = this.#run(route, request, call)
        if (isThenable(result)) result.then(answer, refuse)
        else answer(result)
      } catch (thrown) {
        refuse(thrown)
      }
    })
  }

  /** The api's result itself; of a stream what gives its items. */
  async call(route: ApiRoute, input: unknown, context: MountCallContext): Promise<unknown> {
    const { headers = {}, timeoutMs, ...rest } = context
    const call = new MountCall({ ...rest, headers }, route.path, this.#owner)
    try {
      this.#limit(call, timeoutMs)
      const result = await call.unlessCut(this.#runCalled(route, input, call))
      // A stream ends its call itself.
      if (!(result instanceof CalledStream)) call.end()
      return result
    } catch (thrown) {
      call.end()
      throw toHostError(thrown)
    }
  }

  async #runCalled(route: ApiRoute, input: unknown, call: MountCall): Promise<unknown> {
    if (!call.isWanted) return undefined
    const result = await this.#invoke(route, input, call)
    if (!isStreamed(result)) return result
    // Nobody waits for it any more: it is closed.
    if (!call.isWanted) return this.#dispatcher.open(route, result, call)
    return result instanceof ApiStream ? new CalledStream(result, call) : result
  }

  #answer(route: ApiRoute, value: unknown, { call, asValue }: Answering): MountAnswer {
    const written = asValue ? writeValue(route.api, value, call.control) : undefined
    const answer = written ?? this.#dispatcher.answer(route, value, call)
    // One that was cut has been counted as what its client got.
    if (call.isWanted) this.#end(route, answer.statusCode, call)
    if ('value' in answer) return toMountAnswer(answer, answer, call)
    return toMountAnswer(answer, answer.headers.includes(JSON_TYPE) ? { value } : NO_VALUE, call)
  }

  /** The result, or a promise of it. */
  #run(route: ApiRoute, request: MountRequest, call: MountCall): unknown {
    if (request.body === undefined || request.transform !== undefined) return this.#readAndRun(route, request, call)
    const input = parsedInput(route, request)
    this.#limit(call)
    return this.#invoke(route, input, call)
  }

  async #readAndRun(route: ApiRoute, request: MountRequest, call: MountCall): Promise<unknown> {
    const read = request.body === undefined ? await this.#read(route, request, call) : parsedInput(route, request)
    const input = request.transform === undefined ? read : await request.transform(read)
    // It may have been cut meanwhile: nobody waits for what would begin.
    if (!call.isWanted) return undefined
    this.#limit(call)
    return this.#invoke(route, input, call)
  }

  async #read(route: ApiRoute, request: MountRequest, call: MountCall): Promise<unknown> {
    const reading = readInput(route, request, () => {
      const files = new RequestFiles(this.#options.spool)
      call.files = files
      return files
    })
    return (await reading).value
  }

  #limit(call: MountCall, timeoutMs = this.#options.definition.settings.traffic?.timeoutMs): void {
    const limitMs = parseTimeLeft(call.headers[TIME_LEFT_HEADER], timeoutMs)
    if (limitMs !== undefined) call.limit(limitMs)
  }

  /** The result, or a promise of it. */
  #invoke(route: ApiRoute, input: unknown, call: MountCall): unknown {
    const { handler } = this.#options
    if (this.#gate === undefined) return handler(route.api.name, input, call)
    return throughGate(this.#gate, call, () => handler(route.api.name, input, call))
  }

  async #stream(route: ApiRoute, value: Streamed, call: MountCall): Promise<MountAnswer> {
    const answer = await this.#dispatcher.open(route, value, call)
    // Cut: whoever waits has been told already.
    if (answer === undefined) throw new Error('nobody waits for this stream')
    call.liftLimit()
    const { statusCode } = answer
    let status = statusCode
    const body: Readable = answerStream(answer, {
      tell: (error) => {
        const refusal = this.#dispatcher.refuse(error, call)
        status = refusal.statusCode
        return refusal.body as string
      },
      onEnd: () => this.#end(route, call.isCut ? 499 : status, call),
    })
    call.onceClosed(() => body.destroy())
    return toMountAnswer({ ...answer, body }, NO_VALUE, call)
  }

  /** Counts a request that has ended. */
  #end(route: ApiRoute, status: number, call: MountCall): void {
    call.end()
    this.#options.counts?.add(route.api.name, status, call.ageMs)
  }

  #refuse(route: ApiRoute, thrown: unknown, { call, log = this.#options.log }: Refused): MountAnswer {
    const error = toPublicError(thrown)
    this.#end(route, call.isCut ? 499 : error.statusCode, call)
    // Its client has left: nobody reads the answer, and nothing went wrong.
    const isLeft = call.isCut && error.code === 'EKB_ERR_ABORTED'
    if (this.#options.errors === 'ekiben') {
      if (isLeft) return toMountAnswer(errorAnswer(error, call.requestId), NO_VALUE, call)
      return toMountAnswer(this.#dispatcher.refuse(thrown, call), NO_VALUE, call)
    }
    if (error.level === 'error') {
      const { name } = this.#options.definition
      log.error({ err: thrown, ...logBindings(call), route: route.path }, `${name}${route.path}: ${reasonOf(thrown)}`)
    }
    throw withRequestId(toHostError(thrown, error), call.requestId)
  }
}

interface Answering {
  readonly call: MountCall
  /** Is it to be left as a value, for a host that makes the JSON? */
  readonly asValue: boolean
}

interface Refused {
  readonly call: MountCall
  readonly log: Logger | undefined
}

type Sent = Pick<HttpAnswer | StreamAnswer, 'statusCode' | 'headers'> & { readonly body?: MountAnswer['body'] }

/** Statuses to which no body belongs; a `Response` with one of them refuses it. */
const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304])

/** Of an answer whose body is no JSON. */
export const NO_VALUE: Given = { value: undefined }

interface Given extends Pick<MountAnswer, 'value'>, Partial<Pick<MountAnswer, 'type'>> {}

/** As a host takes it: headers in pairs, and the request's id among them. */
export function toMountAnswer(
  { statusCode, headers, body }: Sent,
  { value, type }: Given,
  { requestId }: { readonly requestId: string },
): MountAnswer {
  const pairs: [string, string][] = []
  for (let at = 0; at < headers.length; at += 2) pairs.push([headers[at] as string, headers[at + 1] as string])
  pairs.push(['x-request-id', requestId])
  return { statusCode, headers: pairs, body: BODYLESS.has(statusCode) ? undefined : body, value, type }
}
