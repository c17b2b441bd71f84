import { createInlineTransport } from '../call/inline-transport.js'
import { createServiceClient } from '../call/service-client.js'
import { createError } from '../errors/service-error.js'
import type { ServiceClient } from '../service/service-client.js'
import type { ServiceClass } from '../service/service-definition.js'
import { definitionFor } from './definition-for.js'

/** What `fakeClient` takes for the methods of a client: each may answer at once. */
export type FakeMethods<TClient> = { readonly [K in keyof TClient]?: FakeMethod<TClient[K]> }

type FakeMethod<TMethod> = TMethod extends (...args: infer TArguments) => infer TResult
  ? (input: TArguments[0]) => TResult | Awaited<TResult>
  : never

/**
 * A client of a service that nobody runs: its methods are those that are given, behind the rules of a real call. What
 * they take and return is copied as it would be between processes, an error of theirs arrives as one of the service
 * would, and they may take as long as its `traffic.timeoutMs` says. A method that was not given rejects with `EKB_ERR_FAKE_METHOD_MISSING`.
 *
 * @example
 * const embedder = fakeClient(Embedder, { embed: ({ texts }) => texts.map(() => [1, 0]) })
 *
 * @throws EKB_ERR_TESTING_NOT_A_SERVICE, and EKB_ERR_SERVICE_NOT_AN_API for a method that is no api of the service
 */
export function fakeClient<TService extends ServiceClass>(
  service: TService,
  methods: FakeMethods<ServiceClient<TService>> = {},
): ServiceClient<TService> {
  const definition = definitionFor(service, 'fakeClient()')
  const given = new Map(Object.entries(methods).filter(([, method]) => method !== undefined)) as Map<string, AnyMethod>
  const apis = Object.keys(definition.apis)
  const { name } = definition
  for (const method of given.keys()) {
    if (!apis.includes(method)) throw createError('EKB_ERR_SERVICE_NOT_AN_API', { service: name, method, apis })
  }
  const transport = createInlineTransport({
    service: name,
    handler: (api, input) => {
      const method = given.get(api)
      if (method === undefined) throw createError('EKB_ERR_FAKE_METHOD_MISSING', { service: name, method: api })
      return method(input)
    },
    timeoutMs: definition.settings.traffic?.timeoutMs,
  })
  return createServiceClient(definition, transport) as ServiceClient<TService>
}

type AnyMethod = (input: unknown) => unknown
