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
import { randomUUID } from 'node:crypto'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { proveMain } from './hosts/prove-main.mjs'
import { hasWrk, lastingLoad } from './http/load.mjs'
import { endSides, FRAMEWORKS, serverFile, startSide, takeRounds, takeTurn } from './http/sides.mjs'
import { middle, middleAndQuartiles, printTable } from './report/table.mjs'

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
const load = `${connections} connections, ${loader}, load average ${loadavg()[0].toFixed(1)}`
const rows = []
for (const framework of positionals.length > 0 ? positionals : FRAMEWORKS) rows.push(await compare(framework))
const measured = `${starts} starts of ${count} rounds of 2 x ${turnMs} ms, medians, with the quartiles of the ratios`
console.log(`\nNode ${process.versions.node}, ${load}; ${measured}`)
printTable(['', 'requests/s by hand', 'mounted', 'ratio', 'per processor time', 'p99 by hand, ms', 'mounted'], rows)

/** The framework's row. */
async function compare(framework) {
  const rounds = []
  for (let index = 0; index < starts; index++) rounds.push(...(await takeStart(framework)))
  const rateOf = (name) =>
    middle(
      rounds.map((round) => round[name].rate),
      0,
    )
  const tailOf = (name) => {
    const tails = rounds.flatMap((round) => round[name].p99 ?? [])
    return tails.length > 0 ? middle(tails, 1) : ''
  }
  const rates = rounds.map(({ hand, mounted }) => mounted.rate / hand.rate)
  const costs = rounds.map(({ hand, mounted }) => hand.cpuMicros / mounted.cpuMicros)
  const ratios = [rates, costs].map((each) => middleAndQuartiles(each))
  return [framework, rateOf('hand'), rateOf('mounted'), ...ratios, tailOf('hand'), tailOf('mounted')]
}

async function takeStart(framework) {
  const sides = []
  try {
    for (const name of ['hand', 'mounted']) sides.push(await startProven(framework, name))
    for (const side of sides) await takeTurn(side, values.smoke ? 200 : WARM_UP_MS)
    const rounds = await takeRounds(sides, { count, turnMs })
    if (!values.smoke) await addTails(rounds, sides)
    return rounds
  } finally {
    endSides(sides)
  }
}

/** One whose own main file answers. */
async function startProven(framework, name) {
  const token = randomUUID()
  const side = await startSide({ name, server: framework, args: [name], connections, env: { BENCH_TOKEN: token } })
  try {
    const route = name === 'mounted' ? 'mounted' : 'by hand'
    await proveMain(`${framework}, ${route}`, {
      port: side.port,
      main: serverFile(framework),
      token,
      route,
      workers: 1,
    })
    return side
  } catch (error) {
    endSides([side])
    throw error
  }
}

/** What the slowest hundredth takes, of a load that is not interrupted: once a start. */
async function addTails(rounds, sides) {
  for (const { load } of sides) load.kill('SIGKILL')
  for (const { name, port } of sides) {
    rounds[0][name].p99 = (await lastingLoad({ port, connections, settleSeconds: 0, seconds: 1 })).p99
  }
}
