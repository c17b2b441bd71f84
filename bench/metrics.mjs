/**
 * What does counting for /metrics cost? Requests/s of the built-in host that counts each request and reports the counts
 * each second, against the same host that does not; http/sides.mjs says how they are compared. Then the time of one
 * count by itself. About 70 s by default.
 *
 *     node bench/metrics.mjs [--smoke] [--rounds N] [--ms N] [--connections N]
 *
 * Target: at least 0.98 of the throughput without.
 */
import { createRequire } from 'node:module'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { endSides, spread, startSide, takeRounds, takeTurn } from './http/sides.mjs'

const require = createRequire(import.meta.url)
const { CountTable } = require('../packages/core/build/metrics/count-table.js')

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '200' },
    ms: { type: 'string', default: '150' },
    connections: { type: 'string', default: '32' },
  },
})
const count = values.smoke ? 4 : Number(values.rounds)
const warmUpMs = values.smoke ? 200 : 2_000
const turnMs = Number(values.ms)
const connections = Number(values.connections)

const sides = []
try {
  for (const name of ['plain', 'counting']) {
    sides.push(await startSide({ name, server: 'host', args: [name], connections }))
  }
  for (const side of sides) await takeTurn(side, warmUpMs)
  report(await takeRounds(sides, { count, turnMs }))
} finally {
  endSides(sides)
}
console.log(`one count: ${nanosecondsOfCount().toFixed(0)} ns`)

function report(rounds) {
  const loadNow = loadavg()[0].toFixed(1)
  console.log(
    `Node ${process.versions.node}, ${connections} connections, ${rounds.length} rounds of 2 x ${turnMs} ms, load average ${loadNow}`,
  )
  for (const name of ['plain', 'counting']) {
    const rates = rounds.map((round) => round[name].rate)
    console.log(`${name}, requests/s: ${spread(rates, 0)}`)
  }
  const rates = rounds.map(({ plain, counting }) => counting.rate / plain.rate)
  const costs = rounds.map(({ plain, counting }) => plain.cpuMicros / counting.cpuMicros)
  console.log(`requests/s, counting / plain: ${spread(rates, 3)}`)
  console.log(`requests per second of processor time, counting / plain: ${spread(costs, 3)}`)
}

/** With a clock read, as for a request. */
function nanosecondsOfCount() {
  const table = new CountTable()
  const apis = ['classify', 'embed', 'rank']
  const rounds = 2_000_000
  const startedAt = performance.now()
  for (let index = 0; index < rounds; index++) {
    table.add(apis[index % 3], index % 50 === 0 ? 400 : 200, performance.now() - startedAt)
  }
  return ((performance.now() - startedAt) * 1e6) / rounds
}
