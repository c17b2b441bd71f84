/**
 * The baseline: as little as a server can do and still parse the same JSON, check the one field, give each answer
 * an id and notice a client that leaves. Listens on the descriptor it inherits.
 */
import { createServer } from 'node:http'

let count = 0
let classified = 0
const server = createServer((request, response) => {
  const requestId = request.headers['x-request-id'] ?? `bare.${++count}`
  const chunks = []
  let left = false
  response.on('close', () => {
    left = !response.writableFinished
  })
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', async () => {
    const input = JSON.parse(Buffer.concat(chunks).toString())
    const result = await classify(input)
    if (left) return
    const body = JSON.stringify(result)
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'x-request-id': requestId,
    })
    response.end(body)
  })
})
server.keepAliveTimeout = 75_000
server.listen({ fd: 4 }, 2048, () => process.send('listening'))

process.on('message', () => process.send({ count: classified, at: performance.now(), ...process.cpuUsage() }))

async function classify({ text }) {
  classified++
  return { label: 'length', score: text.length }
}
