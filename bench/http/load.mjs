/**
 * Load over keep-alive connections, one request at a time on each: wrk where it is installed, else plain sockets.
 * HTTP clients for Node cost more than the server they measure, which hides the difference looked for.
 *
 *     node load.mjs PORT SECONDS CONNECTIONS [SETTLE_SECONDS]      prints requests/s, requests and the 99th percentile in ms
 */
import { execFile, spawn } from 'node:child_process'
import { createConnection } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
/** Longer than any bench: who started the load ends it. */
const ENDLESS_SECONDS = 3600
const BODY = JSON.stringify({ text: 'The food was wonderful and the staff were kind' })

export async function hasWrk() {
  return run('wrk', ['-v']).then(
    () => true,
    (error) => error.code !== 'ENOENT',
  )
}

/**
 * Requests/s over connections that last: what is asked in the first `settleSeconds` does not count, in which a server may
 * share them out among its workers; and the 99th percentile in ms. Its times are whole seconds.
 */
export async function lastingLoad(target) {
  return (await hasWrk()) ? settledWrk(target) : settledSockets(import.meta.url, target)
}

/** The same with a connection for each request. */
export async function connectEachLoad(target) {
  if (await hasWrk()) return settledWrk(target, 'close')
  return settledSockets(new URL('connect-each.mjs', import.meta.url), target)
}

async function settledSockets(file, { port, seconds, settleSeconds, connections }) {
  const args = [fileURLToPath(file), port, seconds, connections, settleSeconds].map(String)
  const printed = (await run(process.execPath, args)).stdout.split(' ').map(Number)
  return { rate: printed[0], p99: printed.at(-1) }
}

async function settledWrk({ port, seconds, settleSeconds, connections }, ...how) {
  // Whole seconds by the clock: one more at each end.
  const args = ['-t1', `-c${connections}`, `-d${settleSeconds + seconds + 2}s`, '-s', here('lasting.lua')]
  const { stdout } = await run(
    'wrk',
    [...args, `http://127.0.0.1:${port}/classify`, '--', settleSeconds, seconds, ...how].map(String),
  )
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
  const [, counted, p99] = /(\d+) counted, p99 ([\d.]+) ms/.exec(stdout)
  return { rate: Number(counted) / seconds, p99: Number(p99) }
}

/** Requests/s of the server on a port, and how many there were; throws on any answer that is no 200. */
export async function load({ port, seconds, connections }) {
  return (await hasWrk()) ? wrk({ port, seconds, connections }) : sockets({ port, seconds, connections })
}

async function wrk(target) {
  const { stdout } = await run('wrk', wrkArgs(target))
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
  return {
    rate: Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)[1]),
    count: Number(/(\d+) requests in/.exec(stdout)[1]),
  }
}

async function sockets(target) {
  const { stdout } = await run(process.execPath, socketsArgs(target))
  const [rate, count] = stdout.split(' ').map(Number)
  return { rate, count }
}

/** The process of a load that goes on until it is killed. */
export async function startLoad({ port, connections }) {
  const target = { port, seconds: ENDLESS_SECONDS, connections }
  const stdio = ['ignore', 'ignore', 'inherit']
  if (await hasWrk()) return spawn('wrk', wrkArgs(target), { stdio })
  return spawn(process.execPath, socketsArgs(target), { stdio })
}

function wrkArgs({ port, seconds, connections }) {
  return ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', here('post.lua'), `http://127.0.0.1:${port}/classify`]
}

function socketsArgs({ port, seconds, connections }) {
  return [fileURLToPath(import.meta.url), port, seconds, connections]
}

/** One request, again and again, on a connection that is kept while the server keeps it; answers are told apart by their known length. */
function client(port, until, onAnswer) {
  const request = `POST /classify HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`
  return new Promise((resolve, reject) => {
    const connect = () => {
      let received = ''
      let askedAt
      const ask = () => {
        askedAt = performance.now()
        socket.write(request)
      }
      const socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, ask)
      socket.setEncoding('latin1')
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        received += chunk
        const head = received.indexOf('\r\n\r\n')
        if (head === -1) return
        const length = Number(/content-length: (\d+)/i.exec(received)[1])
        if (received.length < head + 4 + length) return
        if (!received.startsWith('HTTP/1.1 200')) reject(new Error(received))
        const isLast = /connection: close/i.test(received)
        received = ''
        onAnswer(performance.now() - askedAt)
        if (performance.now() >= until) return resolve(socket.destroy())
        if (!isLast) return ask()
        socket.destroy()
        connect()
      })
    }
    connect()
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, seconds, connections, settleSeconds = 0] = process.argv.slice(2).map(Number)
  const from = performance.now() + settleSeconds * 1000
  const until = from + seconds * 1000
  const times = []
  const count = (ms) => performance.now() >= from && times.push(ms)
  await Promise.all(Array.from({ length: connections }, () => client(port, until, count)))
  times.sort((a, b) => a - b)
  const rate = times.length / ((performance.now() - from) / 1000)
  process.stdout.write(`${rate} ${times.length} ${times[Math.floor(times.length * 0.99)]}`)
}
