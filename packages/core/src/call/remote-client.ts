import { type ApiShape, plainShape } from '../client/api-shape.js'
import { parseSchema } from '../client/parse-schema.js'
import { createError } from '../errors/service-error.js'
import type { RemoteDependency } from '../graph/follow-edges.js'
import { schemaDocument } from '../http/schema-document.js'
import type { CountTable } from '../metrics/count-table.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { parseRemoteUrl, type RemoteAddress } from '../util/parse-remote-url.js'
import { PROBED_NAMES } from '../util/probed-names.js'
import { RemoteSchema } from './remote-schema.js'
import { RemoteTransport } from './remote-transport.js'
import { type ClientCallOptions, createServiceClient, inheritOptions } from './service-client.js'

type CountsTo = (service: string) => CountTable | undefined

/** The client of a service that runs elsewhere; `countsTo`: where calls of a service are counted. */
export function createRemoteClient(dependency: RemoteDependency, countsTo: CountsTo = () => undefined): object {
  const { url, service, forwardHeaders } = dependency
  // Checked where it was given.
  const address = parseRemoteUrl(url) as RemoteAddress
  const name = service?.name ?? address.host
  const toService = { service: name, address, forwardHeaders, counts: countsTo(name) }
  if (service === undefined) {
    const schema = new RemoteSchema(name, address)
    return askedClient(new RemoteTransport({ ...toService, shapeOf: schema.shapeOf }))
  }
  return createServiceClient(service, new RemoteTransport({ ...toService, shapeOf: declaredShapes(service) }))
}

/** As it will say itself at `/schema.json`. */
function declaredShapes(service: ServiceDefinition): (api: string) => ApiShape {
  const shapes = parseSchema(schemaDocument(service))
  return (api) => shapes?.get(api) ?? plainShape(api)
}

/** Whatever method is asked for: only the service itself knows which it has, and which are streams. */
function askedClient(transport: RemoteTransport): object {
  return new Proxy(
    {},
    {
      get(target, key, receiver) {
        if (typeof key === 'symbol' || PROBED_NAMES.has(key)) return Reflect.get(target, key, receiver)
        return (input?: unknown, options?: ClientCallOptions) =>
          pendingAnswer(transport.call(key, input, inheritOptions(false, options)), key)
      },
    },
  )
}

/** To be awaited, or iterated where it is a stream; awaited, a stream is what can be iterated. */
function pendingAnswer(answer: Promise<unknown>, api: string): object {
  // Who iterates it later sees the error then; until then it must not end the process.
  answer.catch(() => undefined)
  const items = async (): Promise<AsyncIterator<unknown>> => {
    const value = await answer
    if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
      return (value as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    }
    throw createError('EKB_ERR_CALL_PROTOCOL', { reason: `${api} answered with a value, and was read as a stream` })
  }
  const iterate = (): AsyncIterator<unknown> => ({
    next: async () => (await items()).next(),
    return: async () => (await (await items()).return?.()) ?? { done: true, value: undefined },
  })
  return Object.assign(answer, { [Symbol.asyncIterator]: iterate })
}
