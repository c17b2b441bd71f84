/**
 * Load over keep-alive connections, one request at a time on each, until it is killed: wrk where it is installed,
 * else plain sockets. HTTP clients for Node cost more than the server they measure, which hides the difference
 * looked for.
 *
 *     node load.mjs PORT CONNECTIONS
 */
import { execFile, spawn } from 'node:child_process'
import { createConnection } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const BODY = JSON.stringify({ text: 'The food was wonderful and the staff were kind' })

export async function hasWrk() {
  return run('wrk', ['-v']).then(
    () => true,
    (error) => error.code !== 'ENOENT',
  )
}

/** The process that makes the load. */
export async function startLoad({ port, connections }) {
  const url = `http://127.0.0.1:${port}/classify`
  const script = fileURLToPath(new URL('post.lua', import.meta.url))
  const [command, args] = (await hasWrk())
    ? ['wrk', ['-t1', `-c${connections}`, '-d1h', '-s', script, url]]
    : [process.execPath, [fileURLToPath(import.meta.url), port, connections]]
  return spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** One request, again and again; answers are told apart by their known length. Any answer that is no 200 ends all. */
function client(port) {
  const request = `POST /classify HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request))
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    received += chunk
    const head = received.indexOf('\r\n\r\n')
    if (head === -1) return
    const length = Number(/content-length: (\d+)/i.exec(received)[1])
    if (received.length < head + 4 + length) return
    if (!received.startsWith('HTTP/1.1 200')) throw new Error(received)
    received = ''
    socket.write(request)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, connections] = process.argv.slice(2).map(Number)
  for (let index = 0; index < connections; index++) client(port)
}
