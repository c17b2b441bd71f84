import type { IncomingMessage, ServerResponse } from 'node:http'
import { api, defineService, type ServiceClient, service } from '@ekiben/core'
import { type ServeHandler, type ServeOptions, serve, type UsedService, useService } from '@ekiben/express-adapter'
import express, { type RequestHandler } from 'express'
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

const app = express()
const services = serve(Classifier)
expectType<Equal<typeof services, ServeHandler>>()
// Wherever Express takes middleware, and Connect and node:http a handler.
app.use(services)
app.use('/ml', express.json(), services)
app.use(express.Router().use(['/a', '/b'], services))
const handler: RequestHandler = services
const plain: (request: IncomingMessage, response: ServerResponse, next: () => void) => void = services
app.use(handler, plain)
serve([Embedder, Classifier], { uses: [], errors: 'ekiben', system: 'all', dependencies: 'pools' })
const options: ServeOptions = { system: 'probes', uses: [Embedder] }
serve(Classifier, options)
services.onDrain(() => {})
// @ts-expect-error no such option
serve(Classifier, { prefix: '/ml' })
// @ts-expect-error one of its values
serve(Classifier, { errors: 'express' })
// @ts-expect-error a service is a class
serve('Classifier')
// @ts-expect-error a service itself is no middleware
app.use('/ml', Embedder)

// Clients are typed by the service.
const embedder = services.client(Embedder)
expectType<Equal<typeof embedder, ServiceClient<typeof Embedder>>>()
const classifier = useService(Classifier)
expectType<Equal<typeof classifier, UsedService<typeof Classifier>>>()
expectType<Equal<ReturnType<typeof classifier.classify>, Promise<{ label: string }>>>()
classifier.classify({ text: 'a' }, { timeoutMs: 100 })
// @ts-expect-error the input is checked
classifier.classify({ txt: 'a' })
// @ts-expect-error no api
classifier.helper()
// @ts-expect-error routes are what it has not
useService(Classifier, { system: 'all' })
async function disposes(): Promise<void> {
  await classifier[Symbol.asyncDispose]()
  await services[Symbol.asyncDispose]()
}
void disposes
