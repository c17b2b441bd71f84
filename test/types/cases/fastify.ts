import { api, defineService, type ServiceClient, service } from '@ekiben/core'
import servePlugin, { type servePlugin as named, type ServePluginOptions } from '@ekiben/fastify-plugin'
import Fastify, { type FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { type Equal, expectType } from './expect-type.js'

@service()
class Embedder {
  @api({ input: z.object({ texts: z.array(z.string()) }) })
  async embed({ texts }: { texts: string[] }): Promise<number[][]> {
    return texts.map(() => [1])
  }
}

const Classifier = defineService(
  class Classifier {
    classify({ text }: { text: string }) {
      return { label: text }
    }
    helper() {}
  },
  { apis: { classify: { input: z.object({ text: z.string() }) } } },
)

expectType<Equal<typeof servePlugin, typeof named>>()

const app = Fastify()
// As written: a decorated class, or what defineService() returned, in place of options.
app.register(servePlugin, Embedder)
app.register(servePlugin, Classifier)
app.register(servePlugin, { service: Classifier, prefix: '/ml' })
app.register(servePlugin, { services: [Embedder, Classifier], uses: [Embedder], system: 'probes', logLevel: 'warn' })
app.register(servePlugin, () => ({ service: Classifier, errors: 'ekiben' as const, dependencies: 'inline' as const }))
const options: ServePluginOptions = { service: Embedder, openapi: true }
app.register(servePlugin, options)
const inner: FastifyPluginAsync = async (scope) => {
  await scope.register(servePlugin, Embedder)
}
app.register(inner, { prefix: '/v1' })
// @ts-expect-error no such option
app.register(servePlugin, { service: Classifier, prefx: '/ml' })
// @ts-expect-error one of its values
app.register(servePlugin, { service: Classifier, system: 'some' })
// @ts-expect-error a service is a class
app.register(servePlugin, { service: 'Classifier' })
// Clients are typed by the service.
const embedder = app.ekiben.client(Embedder)
expectType<Equal<typeof embedder, ServiceClient<typeof Embedder>>>()
const classifier = app.ekiben.client(Classifier)
expectType<Equal<keyof typeof classifier, 'classify'>>()
expectType<Equal<ReturnType<typeof classifier.classify>, Promise<{ label: string }>>>()
classifier.classify({ text: 'a' }, { timeoutMs: 100 })
// @ts-expect-error the input is checked
classifier.classify({ txt: 'a' })
// @ts-expect-error no api
classifier.helper()
// @ts-expect-error no service
app.ekiben.client('Classifier')

// In handlers and hooks as well.
app.get('/', async (request) => {
  const runs = request.routeOptions.config.ekiben
  expectType<Equal<typeof runs, { readonly service: string; readonly api: string } | undefined>>()
  return request.server.ekiben.client(Classifier).classify({ text: 'a' })
})
