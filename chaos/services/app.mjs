// The same as a plain node:http app, with the graceful shutdown that the documentation of Node and of PM2 advises: no
// new connections, `Connection: close` on what is answered from then on, exit when the last one is closed.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { onReady } from './deploy.mjs'
import { handlers, who } from './work.mjs'

const routes = new Map(Object.entries({ ...handlers, below: who }).map(([name, handler]) => [`/${name}`, handler]))
let isStopping = false

const server = createServer(async (incoming, outgoing) => {
  const handler = routes.get(incoming.url)
  try {
    const result = await Promise.resolve(handler(await json(incoming)))
    if (Symbol.asyncIterator in result && !Buffer.isBuffer(result)) return await stream(outgoing, result)
    const body = Buffer.isBuffer(result) ? result : Buffer.from(JSON.stringify(result))
    if (isStopping) outgoing.setHeader('connection', 'close')
    outgoing.writeHead(200, { 'content-length': body.length }).end(body)
  } catch {
    outgoing.writeHead(500, { 'content-length': 0 }).end()
  }
})
/** In chunks, an item a line, as Ekiben sends them. */
async function stream(outgoing, items) {
  if (isStopping) outgoing.setHeader('connection', 'close')
  for await (const item of items) outgoing.write(`${JSON.stringify(item)}\n`)
  outgoing.end()
}

// Node's default of 5 s would lose requests of clients that pause for so long, reload or not.
server.keepAliveTimeout = 75_000

server.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 2048 }, () => {
  process.send?.('ready')
  onReady()
})

process.on('SIGINT', stop)
process.on('message', (message) => {
  if (message === 'shutdown') stop()
})

function stop() {
  if (isStopping) return
  isStopping = true
  server.close(() => process.exit(0))
}
