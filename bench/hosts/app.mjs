/**
 * The app that is compared: Fastify with one route, as anybody writes it. Which main file ran is told by `/main`.
 */
import Fastify from 'fastify'

const app = Fastify()
app.post('/classify', async (request) => ({ label: 'length', score: request.body.text.length }))
app.get('/main', async () => ({ main: process.argv[1], pid: process.pid }))
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
process.send?.('ready')
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => app.close().then(() => process.exit(0)))
