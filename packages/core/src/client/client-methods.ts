import { PROBED_NAMES } from '../util/probed-names.js'
import type { ApiShape } from './api-shape.js'
import { checkTimeout, joinHeaders } from './call-target.js'
import type { ClientOptions, HttpCallOptions } from './client-types.js'
import { encodeInput } from './encode-input.js'
import { failedAnswer, type PendingAnswer, runCall } from './run-call.js'

/** NDJSON tells items apart, whatever they are; what is no stream is answered as ever. */
const ANY_ANSWER = 'application/x-ndjson, application/json;q=0.9, */*;q=0.8'

type Method = (input?: unknown, options?: HttpCallOptions) => PendingAnswer

/** The apis of a client. */
export interface ApiSource {
  /** Is it known to be an api, whatever else looks for a property of that name? */
  readonly has: (name: string) => boolean
  /** Throws for a name that is none. */
  readonly shapeOf: (name: string) => ApiShape
}

/** An object with a method for each api. */
export function clientMethods(base: string, { has, shapeOf }: ApiSource, options: ClientOptions): object {
  const timeoutMs = checkTimeout(options.timeoutMs)
  if (typeof options.headers === 'object') joinHeaders(options.headers)
  const known = { ...options, ...(timeoutMs !== undefined && { timeoutMs }) }
  const methods = new Map<string, Method>()
  return new Proxy({} as Record<string, Method>, {
    get(target, name, receiver) {
      if (typeof name === 'symbol' || (!has(name) && (name in target || PROBED_NAMES.has(name)))) {
        return Reflect.get(target, name, receiver)
      }
      let method = methods.get(name)
      if (method === undefined) {
        method = (input, own = {}) => {
          try {
            return callOverHttp({ base, shape: shapeOf(name), client: known }, input, own)
          } catch (error) {
            return failedAnswer(error)
          }
        }
        methods.set(name, method)
      }
      return method
    },
  })
}

export interface CallTarget {
  readonly base: string
  readonly shape: ApiShape
  readonly client: ClientOptions
}

/** Calls one api of the server at `base`. */
export function callOverHttp({ base, shape, client }: CallTarget, input: unknown, own: HttpCallOptions): PendingAnswer {
  const url = base + shape.route
  const what = `POST ${url}`
  return runCall({
    shape,
    limit: { what, signal: own.signal, timeoutMs: checkTimeout(own.timeoutMs) ?? client.timeoutMs },
    prepare: async () => {
      const encoded = encodeInput(input, shape.input, what)
      const accept = shape.answer === 'auto' ? ANY_ANSWER : '*/*'
      const first = { accept, ...(encoded.contentType !== undefined && { 'content-type': encoded.contentType }) }
      const headers = joinHeaders(first, await headersOf(client), own.headers)
      const carrier = client.fetch ?? globalThis.fetch
      return { what, url, input: encoded, headers, idempotent: own.idempotent ?? false, fetch: carrier }
    },
  })
}

/** Those that go with every request. */
export async function headersOf({ headers }: ClientOptions): Promise<Readonly<Record<string, string>>> {
  if (typeof headers !== 'function') return headers ?? {}
  const given: Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>> = headers()
  return given
}
