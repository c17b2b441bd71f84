/**
 * What does a call to a dependency cost? One field in, one field out, to a worker in another process over a Unix
 * socket: our framed calls (PoolClient and CallServer of the built package) against undici and Fastify. They take
 * turns in one run, and the ratio of each round is what counts.
 *
 * One at a time, most of the time goes to cores that sleep and have to be woken, twice a call, on any way: a bare echo of
 * the same bytes shows how much. So that is measured as it is, and with the cores kept awake, which shows what the two
 * ways take by themselves.
 *
 *     node bench/calls.mjs [--smoke] [--rounds N] [--ms N] [--in-flight N]
 *
 * Targets: at least 5 times the calls/s at 64 in flight, at most half the p50 one at a time, cores awake.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
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
  const ways = { framed: await framed(), http: await http(), echo: await echo() }
  for (const way of [ways.framed, ways.http]) await busy(way.call)
  for (const way of Object.values(ways)) await oneAtATime(way.call)
  const rates = await measure(busy, ['framed', 'http'], ways)
  const asleep = await measure(oneAtATime, ['framed', 'http', 'echo'], ways)
  const stop = await keepAwake()
  const awake = await measure(oneAtATime, ['framed', 'http', 'echo'], ways)
  await stop()
  report(rates, { asleep, awake })
  for (const way of Object.values(ways)) await way.close()
} finally {
  for (const child of children) if (child.connected) child.disconnect()
  rmSync(folder, { recursive: true, force: true })
}

/** Of each way one figure a round; they take turns in who is first. */
async function measure(figureOf, names, ways) {
  const figures = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed()
    for (const name of order) figures[name].push(await figureOf(ways[name].call))
  }
  return figures
}

/** Until it is told to stop. */
async function keepAwake() {
  const awake = await Promise.all(
    os.cpus().map(() => fork(fileURLToPath(new URL('calls/keep-awake.mjs', import.meta.url)))),
  )
  children.push(...awake)
  await Promise.all(awake.map((child) => once(child, 'message')))
  return async () => {
    for (const child of awake) child.disconnect()
    await Promise.all(awake.map((child) => once(child, 'exit')))
  }
}

async function echo() {
  const socket = connect(await start('echo-server.mjs'))
  // As long as the frame of such a call.
  const bytes = Buffer.alloc(64)
  const call = () =>
    new Promise((resolve) => {
      socket.once('data', resolve)
      socket.write(bytes)
    })
  return { call, close: async () => socket.destroy() }
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
  const rateRatios = ratiosOf(rates)
  console.log(
    `Node ${process.versions.node}, ${os.cpus().length} x ${os.cpus()[0]?.model}, load ${os.loadavg()[0].toFixed(1)}`,
  )
  console.log(`node bench/calls.mjs --rounds ${rounds} --ms ${windowMs} --in-flight ${inFlight}`)
  console.log(`                             framed calls   undici -> Fastify   bare echo   ratio, median (min - max)`)
  const figures = [median(rates.framed), median(rates.http)].map((rate) => `${Math.round(rate)}/s`)
  console.log(line(`${inFlight} in flight`, [...figures, '-'], rateRatios))
  for (const [cores, times] of Object.entries(p50s)) {
    const micros = [times.framed, times.http, times.echo].map((all) => `${median(all).toFixed(1)} µs`)
    console.log(line(`p50, cores ${cores}`, micros, ratiosOf(times)))
  }
  const verdict = (met) => (met ? 'met' : 'MISSED')
  console.log(`target: at least ${TARGET_RATE}x calls/s: ${verdict(median(rateRatios) >= TARGET_RATE)}`)
  console.log(`target: at most ${TARGET_P50}x p50, cores awake: ${verdict(median(ratiosOf(p50s.awake)) <= TARGET_P50)}`)
}

function ratiosOf({ framed, http }) {
  return framed.map((figure, round) => figure / http[round])
}

function line(what, [ours, theirs, floor], ratios) {
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2))
  const columns = what.padEnd(25) + ours.padStart(16) + theirs.padStart(20) + floor.padStart(12)
  return `${columns}   ${median(ratios).toFixed(2)} (${low} - ${high})`
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}
