// The same api over HTTP. argv: socket path.
import Fastify from 'fastify'

const app = Fastify()
app.post('/measure', async ({ body }) => ({ length: body.text.length }))
await app.listen({ path: process.argv[2] })
process.send('ready')
process.on('disconnect', () => process.exit(0))
