/**
 * What does the built-in host cost? Requests/s of one api with a zod input of one field, over keep-alive, against a
 * bare node:http server that does as little as can be; http/sides.mjs says how two servers are compared. The processor
 * time that each spends on a request is told too. About 55 s by default.
 *
 *     node bench/http.mjs [--smoke] [--rounds N] [--ms N] [--connections N]
 *
 * `--smoke` is a few rounds: it shows that the bench runs, not how fast anything is.
 *
 * Target: at least 0.8 of the bare server on Node 20, 0.9 on 24.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { hasWrk } from './http/load.mjs'
import { endSides, spread, startSide, takeRounds, takeTurn } from './http/sides.mjs'

/** The optimiser's first seconds are not what production looks like. */
const WARM_UP_MS = 2_000

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
  for (const name of ['bare', 'host']) sides.push(await startSide({ name, server: name, connections }))
  for (const side of sides) await takeTurn(side, warmUpMs)
  await report(await takeRounds(sides, { count: roundCount, turnMs }))
} finally {
  endSides(sides)
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
