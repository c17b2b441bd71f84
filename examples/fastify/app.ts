import { servePlugin } from '@ekiben/fastify-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import { TextClassifier } from '../text-classifier/service.js'

const TICKET = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }

/** The app as any Fastify app. The model is loaded while it starts, which may take longer than the 10 s that Fastify waits. */
export function makeApp(): FastifyInstance {
  const app = Fastify({ pluginTimeout: 60_000 })

  // The services' own routes: POST /ml/classify.
  app.register(servePlugin, { service: TextClassifier, prefix: '/ml' })

  // A route of the app's own, which calls a service through its typed client.
  app.post<{ Body: { text: string } }>('/tickets', { schema: { body: TICKET } }, async (request, reply) => {
    const { label, mood } = await app.ekiben.client(TextClassifier).classify({ text: request.body.text })
    return reply.code(201).send({ queue: label, urgent: mood === 'negative' })
  })

  return app
}
