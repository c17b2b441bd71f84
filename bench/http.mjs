/**
 * What does the built-in host cost? Requests/s of one api with a zod input of one field, over keep-alive, against a
 * bare node:http server that does as little as can be. Both serve on a socket of the supervisor's kind, each in a
 * process of its own; they take turns, and the ratio of each round is what counts. The processor time that each
 * spends on a request is told too: other work on the machine shifts it less.
 *
 *     node bench/http.mjs [--smoke] [--rounds N] [--seconds N] [--connections N]
 *
 * Target: at least 0.8 of the bare server on Node 20, 0.9 on 24.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasWrk, load } from './http/load.mjs'

const require = createRequire(import.meta.url)
const { openListenSocket } = require('../packages/core/dist/supervisor/listen-socket.js')

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '32' },
  },
})
const rounds = values.smoke ? 1 : Number(values.rounds)
const seconds = values.smoke ? 1 : Number(values.seconds)
const connections = Number(values.connections)

const servers = [await start('bare'), await start('host')]
try {
  const [bare, host] = servers
  // The optimiser's first second is not what production looks like.
  for (const { port } of servers) await load({ port, seconds, connections })
  const rates = []
  const costs = []
  const least = { bare: Number.POSITIVE_INFINITY, host: Number.POSITIVE_INFINITY }
  for (let round = 0; round < rounds; round++) {
    // Who goes first takes turns too.
    const order = round % 2 === 0 ? [bare, host] : [host, bare]
    const results = new Map()
    for (const server of order) results.set(server, await measure(server))
    const [b, h] = [results.get(bare), results.get(host)]
    rates.push(h.rate / b.rate)
    costs.push(b.cpuMicros / h.cpuMicros)
    least.bare = Math.min(least.bare, b.cpuMicros)
    least.host = Math.min(least.host, h.cpuMicros)
    const line = `bare ${Math.round(b.rate)}/s ${b.cpuMicros.toFixed(1)} µs, host ${Math.round(h.rate)}/s ${h.cpuMicros.toFixed(1)} µs`
    console.log(
      `round ${round + 1}: ${line}; ratio ${rates.at(-1).toFixed(3)}, of processor time ${costs.at(-1).toFixed(3)}`,
    )
  }
  const loader = (await hasWrk()) ? 'wrk' : 'plain sockets'
  console.log(
    `Node ${process.versions.node}, ${connections} connections, ${loader}, ${rounds} rounds of ${seconds} s each`,
  )
  console.log(`requests/s, host / bare: ${spread(rates)}`)
  console.log(`requests per second of processor time, host / bare: ${spread(costs)}`)
  const [bareLeast, hostLeast] = [least.bare.toFixed(1), least.host.toFixed(1)]
  console.log(
    `least processor time for a request: bare ${bareLeast} µs, host ${hostLeast} µs (${(least.bare / least.host).toFixed(3)})`,
  )
} finally {
  for (const { child } of servers) child.kill('SIGKILL')
}

async function start(name) {
  const { fd, port, close } = await openListenSocket({ host: '127.0.0.1', port: 0, backlog: 2048 })
  const path = fileURLToPath(new URL(`http/${name}-server.mjs`, import.meta.url))
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd] })
  const exited = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`)))
  await Promise.race([once(child, 'message'), exited])
  exited.catch(() => {})
  close()
  return { child, port }
}

async function measure({ child, port }) {
  const before = await cpuMicros(child)
  const { rate, count } = await load({ port, seconds, connections })
  return { rate, cpuMicros: ((await cpuMicros(child)) - before) / count }
}

async function cpuMicros(child) {
  child.send('cpu')
  const [{ user, system }] = await once(child, 'message')
  return user + system
}

function spread(ratios) {
  const sorted = [...ratios].sort((a, b) => a - b)
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))].toFixed(3)
  return `median ${at(0.5)} (min ${at(0)}, max ${at(1)})`
}
