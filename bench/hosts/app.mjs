/** The app that is compared: Fastify with one route, as anybody writes it. Which main file ran is told by `/main`. */
import Fastify from 'fastify'
import { tellMain } from './told.mjs'

const app = Fastify()
app.post('/classify', async (request) => ({ label: 'length', score: request.body.text.length }))
app.get('/main', async () => tellMain(import.meta.url))
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
process.send?.('ready')
const end = () => app.close().then(() => process.exit(0))
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end)
// How a primary of node:cluster tells its workers.
process.on('message', (message) => {
  if (message === 'shutdown') void end()
})
process.channel?.unref()
/** What Watt ends an app by. */
export const close = () => app.close()
