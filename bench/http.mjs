/**
 * What does the built-in host cost? Requests/s of one api with a zod input of one field, over keep-alive, against a
 * bare node:http server that does as little as can be. Both serve on a socket of the supervisor's kind, each in a
 * process of its own with a load of its own. A shared machine's speed shifts by half within a second, so they take
 * turns of a fraction of one (the other's load is stopped meanwhile), and the median of the rounds' ratios is what
 * counts. The processor time that each spends on a request is told too. About 55 s by default.
 *
 *     node bench/http.mjs [--smoke] [--rounds N] [--ms N] [--connections N]
 *
 * `--smoke` is a few rounds: it shows that the bench runs, not how fast anything is.
 *
 * Target: at least 0.8 of the bare server on Node 20, 0.9 on 24.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasWrk, startLoad } from './http/load.mjs'

const require = createRequire(import.meta.url)
const { openListenSocket } = require('../packages/core/dist/supervisor/listen-socket.js')

/** The optimiser's first seconds are not what production looks like. */
const WARM_UP_MS = 2_000
/** From a load that goes on to one that is at full speed. */
const SETTLE_MS = 15

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '150' },
    ms: { type: 'string', default: '150' },
    connections: { type: 'string', default: '32' },
  },
})
const roundCount = values.smoke ? 4 : Number(values.rounds)
const warmUpMs = values.smoke ? 200 : WARM_UP_MS
const turnMs = Number(values.ms)
const connections = Number(values.connections)

const sides = []
try {
  for (const name of ['bare', 'host']) sides.push(await start(name))
  const [bare, host] = sides
  for (const side of sides) await takeTurn(side, warmUpMs)
  const rounds = []
  for (let index = 0; index < roundCount; index++) {
    // Who goes first takes turns too.
    const [first, second] = index % 2 === 0 ? [bare, host] : [host, bare]
    const results = new Map([
      [first, await takeTurn(first, turnMs)],
      [second, await takeTurn(second, turnMs)],
    ])
    rounds.push({ bare: results.get(bare), host: results.get(host) })
  }
  await report(rounds)
} finally {
  for (const { server, load } of sides) {
    load.kill('SIGKILL')
    server.kill('SIGKILL')
  }
}

/** A server and its load, which is stopped until the server's turn. */
async function start(name) {
  const { fd, port, close } = await openListenSocket({ host: '127.0.0.1', port: 0, backlog: 2048 })
  const path = fileURLToPath(new URL(`http/${name}-server.mjs`, import.meta.url))
  const server = spawn(process.execPath, [path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd] })
  const exited = once(server, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`)))
  await Promise.race([once(server, 'message'), exited])
  exited.catch(() => {})
  close()
  const load = await startLoad({ port, connections })
  // All connections are open once it answers.
  while ((await read(server)).count < connections) await sleep(10)
  load.kill('SIGSTOP')
  return { name, server, load }
}

/** Requests/s, and processor time for each, of one turn. */
async function takeTurn({ name, server, load }, ms) {
  load.kill('SIGCONT')
  await sleep(Math.min(SETTLE_MS, ms))
  const before = await read(server)
  await sleep(ms)
  const after = await read(server)
  load.kill('SIGSTOP')
  const count = after.count - before.count
  if (count === 0 || load.exitCode !== null) throw new Error(`${name} had no load`)
  return { rate: (count / (after.at - before.at)) * 1000, cpuMicros: (cpuOf(after) - cpuOf(before)) / count }
}

/** What a server has done until now: requests, and its processor time. */
async function read(server) {
  server.send('read')
  const [reading] = await once(server, 'message')
  return reading
}

function cpuOf({ user, system }) {
  return user + system
}

async function report(rounds) {
  const loader = (await hasWrk()) ? 'wrk' : 'plain sockets'
  const loadNow = loadavg()[0].toFixed(1)
  console.log(
    `Node ${process.versions.node}, ${connections} connections, ${loader}, ${rounds.length} rounds of 2 x ${turnMs} ms, load average ${loadNow}`,
  )
  for (const name of ['bare', 'host']) {
    const results = rounds.map((round) => round[name])
    console.log(`${name}, requests/s: ${spread(pick(results, 'rate'), 0)}`)
    console.log(`${name}, µs of processor time per request: ${spread(pick(results, 'cpuMicros'), 1)}`)
  }
  const rates = rounds.map(({ bare, host }) => host.rate / bare.rate)
  const costs = rounds.map(({ bare, host }) => bare.cpuMicros / host.cpuMicros)
  console.log(`requests/s, host / bare: ${spread(rates, 3)}`)
  console.log(`requests per second of processor time, host / bare: ${spread(costs, 3)}`)
}

function pick(results, key) {
  return results.map((result) => result[key])
}

function spread(numbers, digits) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))].toFixed(digits)
  return `median ${at(0.5)} (quartiles ${at(0.25)} to ${at(0.75)}, min ${at(0)}, max ${at(1)})`
}
