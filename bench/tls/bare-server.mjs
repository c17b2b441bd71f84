/**
 * The baseline: a server of node:https that does as little as can be for the same api. Certificate and key come in its
 * first message.
 */
import { once } from 'node:events'
import { createServer } from 'node:https'

const [{ cert, key }] = await once(process, 'message')
let count = 0
const server = createServer({ cert, key }, (request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const { text } = JSON.parse(Buffer.concat(chunks).toString())
    const body = JSON.stringify({ label: 'length', score: text.length })
    count++
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
})
server.keepAliveTimeout = 75_000
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', () => process.send({ count, at: performance.now(), ...process.cpuUsage() }))
