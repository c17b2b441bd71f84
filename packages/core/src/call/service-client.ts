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

/** What carries its calls: a pool, or the service in this process. */
export interface CallTransport {
  call(api: string, input: unknown, options: CallOptions): Promise<unknown>
}

/** Second argument of a client's methods. */
export interface ClientCallOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly idempotent?: boolean
}

type ClientMethod = (input?: unknown, options?: ClientCallOptions) => Promise<unknown>

/** The client of a service that is set on those who depend on it: a method for each api. */
export function createServiceClient(definition: ClientDefinition, transport: CallTransport): object {
  const methods: Record<string, ClientMethod> = {}
  for (const api of Object.keys(definition.apis)) {
    methods[api] = (input, options) => callApi({ definition, transport, api }, input, options)
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

interface ApiTarget {
  readonly definition: ClientDefinition
  readonly transport: CallTransport
  readonly api: string
}

async function callApi(
  { definition, transport, api }: ApiTarget,
  input: unknown,
  { signal, timeoutMs, idempotent }: ClientCallOptions = {},
): Promise<unknown> {
  const declared = definition.apis[api]
  if (declared?.stream) {
    throw createError('EKB_ERR_NOT_IN_THIS_VERSION', { what: `${definition.name}.${api}: a stream` })
  }
  const current = currentCall()
  const signals = current === undefined ? signal : joinSignals(current.signal, signal)
  const { deadlineAt, traceparent } = current ?? {}
  return transport.call(api, input, {
    requestId: current?.requestId ?? randomUUID(),
    idempotent: idempotent ?? declared?.idempotent ?? false,
    ...(signals !== undefined && { signal: signals }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(deadlineAt !== undefined && { deadlineAt }),
    ...(traceparent !== undefined && { traceparent }),
  })
}

function joinSignals(inherited: AbortSignal, own: AbortSignal | undefined): AbortSignal {
  return own === undefined ? inherited : AbortSignal.any([inherited, own])
}
