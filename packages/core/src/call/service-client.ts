import { randomUUID } from 'node:crypto'
import { createError } from '../errors/service-error.js'
import { PROBED_NAMES } from '../util/probed-names.js'
import { currentCall } from './current-call.js'
import type { CallOptions } from './pool-call.js'

/** What a client must know of a service. */
export interface ClientDefinition {
  readonly name: string
  readonly apis: Readonly<Record<string, { readonly idempotent: boolean; readonly stream: boolean }>>
}

/** What carries its calls: a pool, the service in this process, or a server elsewhere. */
export interface CallTransport {
  call(api: string, input: unknown, options: CallOptions): Promise<unknown>
  /** Begins when its first item is asked for; `return` ends it. */
  stream(api: string, input: unknown, options: CallOptions): AsyncIterator<unknown, undefined>
}

/** Second argument of a client's methods. */
export interface ClientCallOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly idempotent?: boolean
}

type ClientMethod = (input?: unknown, options?: ClientCallOptions) => Promise<unknown> | AsyncIterableIterator<unknown>

/** The client of a service that is set on those who depend on it: a method for each api. */
export function createServiceClient(definition: ClientDefinition, transport: CallTransport): object {
  const methods: Record<string, ClientMethod> = {}
  for (const [api, { idempotent, stream }] of Object.entries(definition.apis)) {
    methods[api] = stream
      ? (input, options) => iterable(transport.stream(api, input, inheritOptions(idempotent, options)))
      : (input, options) => transport.call(api, input, inheritOptions(idempotent, options))
  }
  return new Proxy(methods, {
    get(target, key, receiver) {
      if (typeof key === 'symbol' || key in target || PROBED_NAMES.has(key)) return Reflect.get(target, key, receiver)
      return async () => {
        const apis = Object.keys(definition.apis)
        throw createError('EKB_ERR_SERVICE_NOT_AN_API', { service: definition.name, method: key, apis })
      }
    },
  })
}

/** What a call takes over from the one being served here, without being told. */
export function inheritOptions(
  declaredIdempotent: boolean,
  { signal, timeoutMs, idempotent = declaredIdempotent }: ClientCallOptions = {},
): CallOptions {
  const current = currentCall()
  const signals = current === undefined ? signal : joinSignals(current.signal, signal)
  const { deadlineAt, traceparent } = current ?? {}
  return {
    requestId: current?.requestId ?? randomUUID(),
    idempotent,
    ...(signals !== undefined && { signal: signals }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(deadlineAt !== undefined && { deadlineAt }),
    ...(traceparent !== undefined && { traceparent }),
  }
}

/** Can be iterated once, as what a generator returns. */
export function iterable(items: AsyncIterator<unknown, undefined>): AsyncIterableIterator<unknown> {
  return {
    next: () => items.next(),
    return: async () => (await items.return?.()) ?? { done: true, value: undefined },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function joinSignals(inherited: AbortSignal, own: AbortSignal | undefined): AbortSignal {
  return own === undefined ? inherited : AbortSignal.any([inherited, own])
}
