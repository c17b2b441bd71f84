/** A route of an Express app: written by hand, or with the argument `mounted` that of a service. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import express from 'express'
import { tellMain } from '../hosts/told.mjs'
import { classify, Input, makeService, quiet, serveOn } from './classifier.mjs'

const app = express()
app.set('env', 'production')
app.use(express.json())
app.get('/main', (_request, response) => response.json(tellMain(import.meta.url)))
if (process.argv.includes('mounted')) {
  const { serve } = await import('@ekiben/express-adapter')
  const services = serve(await makeService(), { log: quiet })
  await services.ready()
  app.use(services)
} else {
  app.post('/classify', async (request, response) => {
    const input = Input.parse(request.body)
    response.set('x-request-id', request.get('x-request-id') ?? randomUUID())
    response.json(await classify(input))
  })
}
export const close = serveOn(createServer(app))
