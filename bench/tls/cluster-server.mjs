/** A server of node:https in two workers of node:cluster, which shares the key of their session tickets too. */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:https'

if (cluster.isPrimary) {
  const [pair] = await once(process, 'message')
  const workers = [1, 2].map(() => cluster.fork({ BENCH_PAIR: JSON.stringify(pair) }))
  const places = await Promise.all(workers.map(async (worker) => (await once(worker, 'listening'))[0]))
  process.send({ port: places[0].port })
  process.on('disconnect', () => process.exit())
} else {
  const answer = '{"label":"length","score":45}'
  const server = createServer(JSON.parse(process.env.BENCH_PAIR), (request, response) => {
    request.resume().on('end', () => response.setHeader('content-length', answer.length).end(answer))
  })
  server.listen(0, '127.0.0.1')
}
