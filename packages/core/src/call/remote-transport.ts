import type { ApiShape } from '../client/api-shape.js'
import { toPublicError } from '../errors/public-error.js'
import type { CountTable } from '../metrics/count-table.js'
import type { RemoteAddress } from '../util/parse-remote-url.js'
import { currentCall } from './current-call.js'
import type { CallOptions } from './pool-call.js'
import { RemoteCall } from './remote-call.js'
import { type CallTransport, iterable } from './service-client.js'

export interface RemoteTransportOptions {
  /** Of the service, or of the host where that is not known: in messages and metrics. */
  readonly service: string
  readonly address: RemoteAddress
  /** May have to be asked for. Throws for what is no api. */
  readonly shapeOf: (api: string) => ApiShape | Promise<ApiShape>
  /** Of the request being served, those that go along; in lower case. */
  readonly forwardHeaders: readonly string[]
  /** Where its calls are counted. */
  readonly counts?: CountTable | undefined
}

const OK = 200
/** Its reader left. */
const LEFT = 499

/** Calls a service elsewhere over HTTP, by the rules of one on this machine wherever JSON allows it. */
export class RemoteTransport implements CallTransport {
  readonly #options: RemoteTransportOptions

  constructor(options: RemoteTransportOptions) {
    this.#options = options
  }

  async call(api: string, input: unknown, options: CallOptions): Promise<unknown> {
    const startedAt = performance.now()
    const call = this.#begin(api, options)
    try {
      const value = await call.run(input)
      // One whose shape had to be asked for may be a stream, which is counted at its end.
      if (isIterable(value)) return iterable(this.#open(call, api, async () => value))
      this.#count(api, OK, startedAt)
      return value
    } catch (error) {
      const failure = call.explain(error)
      this.#count(api, toPublicError(failure).statusCode, startedAt)
      throw failure
    }
  }

  stream(api: string, input: unknown, options: CallOptions): AsyncIterator<unknown, undefined> {
    const call = this.#begin(api, options)
    return this.#open(call, api, () => call.open(input))
  }

  #open(
    call: RemoteCall,
    api: string,
    begin: () => Promise<AsyncIterable<unknown>>,
  ): AsyncIterator<unknown, undefined> {
    const items = this.#items(call, api, begin)
    return {
      next: () => items.next(),
      // At once, also while an item is being waited for.
      return: () => {
        call.cancel()
        return items.return(undefined)
      },
    }
  }

  async *#items(
    call: RemoteCall,
    api: string,
    begin: () => Promise<AsyncIterable<unknown>>,
  ): AsyncGenerator<unknown, undefined> {
    const startedAt = performance.now()
    let status = LEFT
    try {
      yield* await begin()
      status = OK
      return undefined
    } catch (error) {
      if (call.isCancelled) return undefined
      const failure = call.explain(error)
      status = toPublicError(failure).statusCode
      throw failure
    } finally {
      this.#count(api, status, startedAt)
    }
  }

  /** What it takes over from the request being served has to be seen now: later that may be another. */
  #begin(api: string, options: CallOptions): RemoteCall {
    const { service, address, shapeOf, forwardHeaders } = this.#options
    const own = address.authorization === undefined ? {} : { authorization: address.authorization }
    const { requestId, traceparent } = options
    const headers = {
      ...own,
      ...(forwardHeaders.length > 0 && pickHeaders(currentCall()?.headers, forwardHeaders)),
      'x-request-id': requestId,
      ...(traceparent !== undefined && { traceparent }),
    }
    return new RemoteCall({ service, api, base: address.base, shapeOf, headers, options })
  }

  #count(api: string, status: number, startedAt: number): void {
    this.#options.counts?.add(api, status, performance.now() - startedAt)
  }
}

function pickHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>> | undefined,
  names: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = headers?.[name]
    if (value !== undefined) picked[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return picked
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
