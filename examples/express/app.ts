import { serve } from '@ekiben/express-adapter'
import express, { type Express } from 'express'
import { TextClassifier } from '../text-classifier/service.js'

/** The app as any Express app; `ready` and `close` are what it has to await of its services. */
export function makeApp(): { app: Express; ready(): Promise<void>; close(): Promise<void> } {
  const services = serve(TextClassifier)
  const classifier = services.client(TextClassifier)
  const app = express()

  // The services' own routes: POST /ml/classify.
  app.use('/ml', services)

  // A route of the app's own, which calls a service through its typed client.
  app.post('/tickets', express.json(), async (request, response) => {
    const { label, mood } = await classifier.classify({ text: request.body.text })
    response.status(201).json({ queue: label, urgent: mood === 'negative' })
  })

  return { app, ready: services.ready, close: services.close }
}
