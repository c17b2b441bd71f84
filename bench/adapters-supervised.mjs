/**
 * What does a mounted service cost where an app is served in production? One app in two workers of `ekiben run`, whose one
 * route is a service's or, in the other app, the same written by hand in the same framework; requests/s over keep-alive, in
 * turns; who goes first takes turns too. How fast one and the same code is made differs by a tenth from process to process,
 * so both are started anew, six times, and a round's ratio is what counts. About two minutes a framework by default.
 *
 *     node bench/adapters-supervised.mjs [FRAMEWORK...] [--smoke] [--starts N] [--rounds N]
 *
 * Target: at least 0.95 of the hand-written route.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { firstAnswer, runArguments, serveApp } from './hosts/serve-app.mjs'
import { lastingLoad } from './http/load.mjs'
import { FRAMEWORKS, inTurns, spread } from './http/sides.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const CLIENTS = 32
const SIDES = ['hand', 'mounted']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean', default: false },
    starts: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '2' },
  },
})
const starts = values.smoke ? 1 : Number(values.starts)
/** The smoke of bench/adapters.mjs shows that the apps of all frameworks run. */
const usual = values.smoke ? ['fastify'] : FRAMEWORKS
const frameworks = positionals.length > 0 ? positionals : usual
/** After each start. */
const count = values.smoke ? 1 : Number(values.rounds)
/** The connections are shared out among the workers first. */
const lasting = values.smoke ? { settleSeconds: 0, seconds: 1 } : { settleSeconds: 1, seconds: 2 }

const folder = await mkdtemp(join(tmpdir(), 'ekiben-bench-'))
try {
  console.log(
    `Node ${process.versions.node}, ekiben run with 2 workers, ${CLIENTS} clients, ${starts} starts of ${count} rounds`,
  )
  for (const framework of frameworks) await compare(framework)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function compare(framework) {
  const rounds = []
  for (let index = 0; index < starts; index++) rounds.push(...(await takeStart(framework)))
  for (const name of SIDES) {
    const pick = (key) => rounds.map((round) => round[name][key] ?? Number.NaN)
    console.log(`${framework}, ${name}, requests/s: ${spread(pick('rate'), 0)}; p99 in ms: ${spread(pick('p99'), 1)}`)
  }
  const ratios = rounds.map(({ hand, mounted }) => mounted.rate / hand.rate)
  console.log(`${framework}, requests/s, mounted / by hand: ${spread(ratios, 3)}`)
}

async function takeStart(framework) {
  const sides = []
  try {
    for (const name of SIDES) sides.push(await startSide(framework, name))
    // The optimiser's first seconds are not what production looks like.
    for (const side of sides) {
      await firstAnswer(`${framework}, ${side.name}`, side.port, '/')
      await takeTurn(side)
    }
    return await inTurns(sides, count, takeTurn)
  } finally {
    for (const { end } of sides) await end()
  }
}

function takeTurn({ port }) {
  return lastingLoad({ port, connections: CLIENTS, ...lasting })
}

async function startSide(framework, name) {
  const main = here(`http/${framework}-server.mjs`)
  return { name, ...(await serveApp(runArguments(main, { workers: '2', appArguments: [name] }), join(folder, name))) }
}
