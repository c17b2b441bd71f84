/** A route of a Fastify app: written by hand, or with the argument `mounted` that of a service. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import Fastify from 'fastify'
import { tellMain } from '../hosts/told.mjs'
import { classify, Input, makeService, serveOn } from './classifier.mjs'

let server
const app = Fastify({
  serverFactory: (handler) => {
    server = createServer(handler)
    return server
  },
})
app.get('/main', async () => tellMain(import.meta.url))
if (process.argv.includes('mounted')) {
  const { servePlugin } = await import('@ekiben/fastify-plugin')
  app.register(servePlugin, await makeService())
} else {
  app.post('/classify', async (request, reply) => {
    const input = Input.parse(request.body)
    reply.header('x-request-id', request.headers['x-request-id'] ?? randomUUID())
    return classify(input)
  })
}
await app.ready()
export const close = serveOn(server)
