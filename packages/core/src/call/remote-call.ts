import type { ApiShape } from '../client/api-shape.js'
import { CallLimit } from '../client/call-limit.js'
import { joinHeaders } from '../client/call-target.js'
import { type ClientError, clientError } from '../client/client-error.js'
import { type EncodedInput, encodeInput } from '../client/encode-input.js'
import { readAnswer } from '../client/read-answer.js'
import { sendOnce, wait } from '../client/send-call.js'
import { TIME_LEFT_HEADER } from '../http/parse-time-left.js'
import { MAX_TIMER_MS } from '../util/max-timer.js'
import { monotonicMs } from '../util/monotonic.js'
import { chooseRetry } from './choose-retry.js'
import type { CallOptions } from './pool-call.js'
import { failureOf, toDependencyError } from './remote-error.js'

export interface RemoteCallOptions {
  readonly service: string
  readonly api: string
  /** Without a slash at its end. */
  readonly base: string
  readonly shapeOf: (api: string) => ApiShape | Promise<ApiShape>
  readonly headers: Readonly<Record<string, string>>
  readonly options: CallOptions
}

/** Items are asked for one by one, as lines of JSON; what is no stream is answered as ever. */
const ANY_ANSWER = 'application/x-ndjson, application/json;q=0.9, */*;q=0.8'

/** What is sent, in each try. */
interface Prepared {
  readonly shape: ApiShape
  readonly what: string
  readonly encoded: EncodedInput
}

/** One call of a service elsewhere, from the moment it was made to its end, whatever number of tries that takes. */
export class RemoteCall {
  readonly #what: RemoteCallOptions
  /** Monotonic milliseconds; Infinity: never. Known when it begins: a stream does when its first item is asked for. */
  #deadlineAt = Infinity
  #timeoutMs = Infinity
  readonly #cancel = new AbortController()
  readonly #signal: AbortSignal

  constructor(what: RemoteCallOptions) {
    this.#what = what
    const { signal } = what.options
    this.#signal = signal === undefined ? this.#cancel.signal : AbortSignal.any([signal, this.#cancel.signal])
  }

  /** Its reader left. */
  get isCancelled(): boolean {
    return this.#cancel.signal.aborted
  }

  cancel(): void {
    this.#cancel.abort()
  }

  /** Its value, or what can be iterated; rejects with what `explain` makes sense of. */
  run(input: unknown): Promise<unknown> {
    return this.#retry(input, false)
  }

  /** Its items, once their answer has begun. */
  async open(input: unknown): Promise<AsyncIterable<unknown>> {
    return (await this.#retry(input, true)) as AsyncIterable<unknown>
  }

  explain(error: unknown): Error {
    const { service, api, base } = this.#what
    return toDependencyError(error, { service, api, url: base, timeoutMs: this.#timeoutMs })
  }

  #begin(): void {
    const { deadlineAt = Infinity, timeoutMs = Infinity } = this.#what.options
    const now = monotonicMs()
    this.#deadlineAt = Math.min(deadlineAt, now + timeoutMs)
    this.#timeoutMs = Math.max(0, this.#deadlineAt - now)
  }

  async #retry(input: unknown, isIterated: boolean): Promise<unknown> {
    this.#begin()
    let prepared: Prepared | undefined
    for (let tries = 1; ; tries++) {
      try {
        prepared ??= await this.#prepare(input)
        return await this.#try(prepared, isIterated)
      } catch (error) {
        const waitMs = chooseRetry({
          failure: failureOf(error),
          tries,
          idempotent: this.#what.options.idempotent === true,
          retryAfterMs: (error as Partial<ClientError> | undefined)?.retryAfterMs,
          leftMs: this.#leftMs(),
          random: Math.random(),
        })
        if (waitMs === undefined) throw error
        await this.#within((signal) => wait(waitMs, signal))
      }
    }
  }

  async #prepare(input: unknown): Promise<Prepared> {
    const { api, base, shapeOf } = this.#what
    const shape = await this.#within(async () => shapeOf(api))
    const what = `POST ${base}${shape.route}`
    return { shape, what, encoded: encodeInput(input, shape.input, what) }
  }

  async #try({ shape, what, encoded }: Prepared, isIterated: boolean): Promise<unknown> {
    const limit = this.#limit()
    try {
      if (limit.signal.aborted) throw limit.signal.reason
      const response = await this.#send({ shape, what, encoded }, limit)
      return await readAnswer({ what, response, limit }, shape, isIterated)
    } catch (error) {
      limit.release()
      throw error
    }
  }

  #send({ shape, what, encoded }: Prepared, limit: CallLimit): Promise<Response> {
    const { base, headers, options } = this.#what
    const leftMs = this.#leftMs()
    const own = {
      accept: shape.answer === 'auto' ? ANY_ANSWER : '*/*',
      ...(encoded.contentType !== undefined && { 'content-type': encoded.contentType }),
      ...(leftMs !== Infinity && { [TIME_LEFT_HEADER]: String(Math.max(1, Math.ceil(leftMs))) }),
    }
    const sent = { what, url: base + shape.route, input: encoded, headers: joinHeaders(headers, own) }
    return sendOnce({ ...sent, idempotent: options.idempotent === true, fetch: globalThis.fetch }, limit)
  }

  /** What has to be waited for beside the answer: not past the deadline, and not for a caller who left. */
  async #within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = this.#limit()
    try {
      return await limit.within(work)
    } finally {
      limit.release()
    }
  }

  /** Throws where there is no time left: what nobody waits for is not sent. */
  #limit(): CallLimit {
    const { service, api } = this.#what
    const what = `${service}.${api}`
    const leftMs = this.#leftMs()
    if (leftMs <= 0) throw clientError('EKB_ERR_CLIENT_TIMEOUT', { what, timeoutMs: 0 })
    const timeoutMs = leftMs === Infinity ? undefined : Math.min(leftMs, MAX_TIMER_MS)
    return new CallLimit({ what, signal: this.#signal, timeoutMs })
  }

  #leftMs(): number {
    return this.#deadlineAt - monotonicMs()
  }
}
