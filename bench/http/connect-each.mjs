/**
 * A connection for each request, where there is no wrk. What ends in the first `SETTLE_SECONDS` does not count: this client,
 * which costs as much as the server, is slow until it has been optimised.
 *
 *     node connect-each.mjs PORT SECONDS CLIENTS [SETTLE_SECONDS]      prints requests/s and the 99th percentile in ms
 */
import { createConnection } from 'node:net'

const [port, seconds, clients, settleSeconds = 0] = process.argv.slice(2).map(Number)
const BODY = '{"text":"The food was wonderful and the staff were kind"}'
const REQUEST = `POST /classify HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`
const from = performance.now() + settleSeconds * 1000
const until = from + seconds * 1000
const times = []

await Promise.all(Array.from({ length: clients }, client))
times.sort((a, b) => a - b)
const rate = times.length / ((performance.now() - from) / 1000)
process.stdout.write(`${rate} ${times[Math.floor(times.length * 0.99)]}`)

async function client() {
  while (performance.now() < until) {
    const begunAt = performance.now()
    await request()
    const endedAt = performance.now()
    if (endedAt >= from) times.push(endedAt - begunAt)
  }
}

function request() {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(REQUEST))
    let head = ''
    socket.setEncoding('latin1')
    socket.on('data', (piece) => {
      head += piece
    })
    socket.on('error', reject)
    socket.on('close', () => (head.startsWith('HTTP/1.1 200') ? resolve() : reject(new Error(head || 'no answer'))))
  })
}
