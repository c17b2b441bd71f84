/**
 * What does a mounted service cost in a host framework? Requests/s of one api with a zod input of one field, over
 * keep-alive, against the same route written by hand in the same framework; http/sides.mjs says how two servers are
 * compared. How fast one and the same code is made differs by a tenth from process to process, so both are started anew,
 * eight times. About 80 s a framework by default.
 *
 *     node bench/adapters.mjs [FRAMEWORK...] [--smoke] [--starts N] [--rounds N] [--ms N] [--connections N]
 *
 * `--smoke` is a few rounds: it shows that the bench runs, not how fast anything is.
 *
 * Target: at least 0.95 of the hand-written route.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { hasWrk, lastingLoad } from './http/load.mjs'
import { endSides, FRAMEWORKS, spread, startSide, takeRounds, takeTurn } from './http/sides.mjs'

/** The optimiser's first seconds are not what production looks like. */
const WARM_UP_MS = 2_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean', default: false },
    starts: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '16' },
    ms: { type: 'string', default: '150' },
    connections: { type: 'string', default: '32' },
  },
})
const starts = values.smoke ? 1 : Number(values.starts)
/** After each start. */
const count = values.smoke ? 4 : Number(values.rounds)
const turnMs = Number(values.ms)
const connections = Number(values.connections)

const loader = (await hasWrk()) ? 'wrk' : 'plain sockets'
console.log(
  `Node ${process.versions.node}, ${connections} connections, ${loader}, ${starts} starts of ${count} rounds of 2 x ${turnMs} ms, load average ${loadavg()[0].toFixed(1)}`,
)
for (const framework of positionals.length > 0 ? positionals : FRAMEWORKS) await compare(framework)

async function compare(framework) {
  const rounds = []
  for (let index = 0; index < starts; index++) rounds.push(...(await takeStart(framework)))
  for (const name of ['hand', 'mounted']) {
    const rates = rounds.map((round) => round[name].rate)
    const tails = rounds.flatMap((round) => round[name].p99 ?? [])
    const p99 = tails.length > 0 ? `; p99 in ms: ${spread(tails, 2)}` : ''
    console.log(`${framework}, ${name}, requests/s: ${spread(rates, 0)}${p99}`)
  }
  const rates = rounds.map(({ hand, mounted }) => mounted.rate / hand.rate)
  const costs = rounds.map(({ hand, mounted }) => hand.cpuMicros / mounted.cpuMicros)
  console.log(`${framework}, requests/s, mounted / by hand: ${spread(rates, 3)}`)
  console.log(`${framework}, requests per second of processor time, mounted / by hand: ${spread(costs, 3)}`)
}

async function takeStart(framework) {
  const sides = []
  try {
    for (const name of ['hand', 'mounted']) {
      sides.push(await startSide({ name, server: framework, args: [name], connections }))
    }
    for (const side of sides) await takeTurn(side, values.smoke ? 200 : WARM_UP_MS)
    const rounds = await takeRounds(sides, { count, turnMs })
    if (loader === 'wrk' && !values.smoke) await addTails(rounds, sides)
    return rounds
  } finally {
    endSides(sides)
  }
}

/** What the slowest hundredth takes, of a load that is not interrupted: once a start. */
async function addTails(rounds, sides) {
  for (const { load } of sides) load.kill('SIGKILL')
  for (const { name, port } of sides) {
    rounds[0][name].p99 = (await lastingLoad({ port, connections, settleSeconds: 0, seconds: 1 })).p99
  }
}
