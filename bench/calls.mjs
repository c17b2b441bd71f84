/**
 * What does a call to a dependency cost? One field in, one field out, to a worker in another process over a Unix
 * socket: our framed calls (PoolClient and CallServer of the built package) against undici and Fastify. They take
 * turns in one run, and the ratio of each round is what counts.
 *
 *     node bench/calls.mjs [--smoke] [--rounds N] [--ms N] [--in-flight N]
 *
 * Targets: at least 5 times the calls/s at 64 in flight, at most half the p50 one at a time.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'

const require = createRequire(import.meta.url)
const { PoolClient } = require('../packages/core/build/call/pool-client.js')

const { values: flags } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '11' },
    ms: { type: 'string', default: '500' },
    'in-flight': { type: 'string', default: '64' },
  },
})
const rounds = flags.smoke ? 1 : Number(flags.rounds)
const windowMs = flags.smoke ? 50 : Number(flags.ms)
const inFlight = Number(flags['in-flight'])

const TARGET_RATE = 5
const TARGET_P50 = 0.5

const folder = mkdtempSync(join(os.tmpdir(), 'ekb-bench-'))
const children = []

try {
  const ways = { framed: await framed(), http: await http() }
  for (const way of Object.values(ways)) await busy(way.call)
  for (const way of Object.values(ways)) await oneAtATime(way.call)
  const rates = { framed: [], http: [] }
  const p50s = { framed: [], http: [] }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? ['framed', 'http'] : ['http', 'framed']
    for (const name of order) rates[name].push(await busy(ways[name].call))
    for (const name of order) p50s[name].push(await oneAtATime(ways[name].call))
  }
  report(rates, p50s)
  for (const way of Object.values(ways)) await way.close()
} finally {
  for (const child of children) child.disconnect()
  rmSync(folder, { recursive: true, force: true })
}

async function framed() {
  const address = await start('framed-server.mjs')
  const quiet = { debug() {}, info() {}, warn() {}, error: console.error, child: () => quiet }
  const traffic = { timeoutMs: undefined, maxConcurrency: undefined, maxQueue: 1000 }
  const settings = { traffic, dependencyGraceMs: 5_000 }
  const client = new PoolClient({ service: 'Bench', settings, generation: 1, log: quiet })
  client.update([{ slot: 0, generation: 1, address, schemaHash: 'bench' }])
  let id = 0
  const call = () => client.call('measure', { text: 'hello' }, { requestId: `bench-${id++}` })
  return { call, close: async () => client.close() }
}

async function http() {
  const socketPath = await start('fastify-server.mjs')
  const pool = new Pool('http://bench.local', { socketPath, connections: inFlight, pipelining: 1 })
  const headers = { 'content-type': 'application/json' }
  const call = async () => {
    const body = JSON.stringify({ text: 'hello' })
    const answer = await pool.request({ path: '/measure', method: 'POST', headers, body })
    return answer.body.json()
  }
  return { call, close: () => pool.close() }
}

async function start(file) {
  const path = join(folder, `${file.slice(0, 2)}.sock`)
  const child = fork(fileURLToPath(new URL(`calls/${file}`, import.meta.url)), [path])
  children.push(child)
  await once(child, 'message')
  return path
}

/** Calls per second with so many in flight. */
async function busy(call) {
  const startedAt = performance.now()
  const endAt = startedAt + windowMs
  let count = 0
  const caller = async () => {
    while (performance.now() < endAt) {
      const { length } = await call()
      if (length !== 5) throw new Error(`Wrong answer: ${length}`)
      count++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  return (count / (performance.now() - startedAt)) * 1000
}

/** Median microseconds of a call when there is no other. */
async function oneAtATime(call) {
  const times = []
  const endAt = performance.now() + windowMs
  for (let now = performance.now(); now < endAt; ) {
    await call()
    const next = performance.now()
    times.push((next - now) * 1000)
    now = next
  }
  return median(times)
}

function report(rates, p50s) {
  const rateRatios = rates.framed.map((rate, round) => rate / rates.http[round])
  const p50Ratios = p50s.framed.map((p50, round) => p50 / p50s.http[round])
  console.log(
    `Node ${process.versions.node}, ${os.cpus().length} x ${os.cpus()[0]?.model}, load ${os.loadavg()[0].toFixed(1)}`,
  )
  console.log(`node bench/calls.mjs --rounds ${rounds} --ms ${windowMs} --in-flight ${inFlight}`)
  console.log(`                        framed calls   undici -> Fastify   ratio, median (min - max)`)
  const figures = [median(rates.framed), median(rates.http)].map((rate) => `${Math.round(rate)}/s`)
  const times = [median(p50s.framed), median(p50s.http)].map((p50) => `${p50.toFixed(1)} µs`)
  console.log(line(`${inFlight} in flight`, figures, rateRatios))
  console.log(line('p50, one at a time', times, p50Ratios))
  const verdict = (met) => (met ? 'met' : 'MISSED')
  console.log(`target: at least ${TARGET_RATE}x calls/s: ${verdict(median(rateRatios) >= TARGET_RATE)}`)
  console.log(`target: at most ${TARGET_P50}x p50: ${verdict(median(p50Ratios) <= TARGET_P50)}`)
}

function line(what, [ours, theirs], ratios) {
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2))
  return `${what.padEnd(20)}${ours.padStart(16)}${theirs.padStart(20)}   ${median(ratios).toFixed(2)} (${low} - ${high})`
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}
