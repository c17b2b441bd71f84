/**
 * What does a mounted service cost where an app is served in production? One app in two workers of `ekiben run`, whose one
 * route is a service's; against the same written by hand in the same framework, in as many workers of `ekiben run`, of plain
 * node:cluster, of PM2's cluster mode, and of Watt (threads) on a Node that runs it. Requests/s with keep-alive and with a
 * connection for each request, in turns; who goes first takes turns too. How fast one and the same code is made differs by a
 * tenth from process to process, so all are started anew, six times, and a round's ratio is what counts. About five minutes a
 * framework by default.
 *
 *     node bench/adapters-supervised.mjs [FRAMEWORK...] [--smoke] [--starts N] [--rounds N]
 *
 * Targets: at least 0.95 of the route by hand under `ekiben run`; with keep-alive at least equal to each peer, with a
 * connection for each request at least 1.5 times node:cluster and PM2.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findSupervisors, mainOf, measureBoth } from './hosts/supervisors.mjs'
import { FRAMEWORKS, inTurns, spread } from './http/sides.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const CLIENTS = 32
const MOUNTED = 'mounted, ekiben run'

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
const load = { clients: CLIENTS, lasting, seconds: values.smoke ? 0.3 : 1 }

const folder = await mkdtemp(join(tmpdir(), 'ekiben-bench-'))
try {
  const supervisors = await findSupervisors()
  console.log(`Node ${process.versions.node}, 2 workers each, ${CLIENTS} clients, ${starts} starts of ${count} rounds`)
  for (const framework of frameworks)
    await compare(framework, sidesOf(supervisors, here(`http/${framework}-server.mjs`)))
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** By name, what starts each. */
function sidesOf(supervisors, main) {
  const mounted = () => supervisors['ekiben run']({ main, args: ['mounted'], folder: join(folder, 'mounted') })
  const byHand = Object.entries(supervisors).map(([name, start]) => [
    `by hand, ${name}`,
    () => start({ main, args: ['hand'], folder }),
  ])
  return [[MOUNTED, mounted], ...byHand]
}

async function compare(framework, starters) {
  const rounds = []
  for (let index = 0; index < starts; index++) rounds.push(...(await takeStart(framework, starters, index === 0)))
  for (const [name] of starters) {
    const shown = (key, digits) =>
      spread(
        rounds.map((round) => round[name][key]),
        digits,
      )
    console.log(
      `${framework}, ${name}, requests/s with keep-alive: ${shown('kept', 0)}; p99 in ms: ${shown('keptP99', 1)}`,
    )
    console.log(
      `${framework}, ${name}, requests/s with a connection each: ${shown('connected', 0)}; p99 in ms: ${shown('p99', 1)}`,
    )
  }
  for (const [name] of starters.slice(1)) {
    const ratio = (key) =>
      spread(
        rounds.map((round) => round[MOUNTED][key] / round[name][key]),
        2,
      )
    console.log(`${framework}, ${MOUNTED} / ${name}, with keep-alive: ${ratio('kept')}`)
    console.log(`${framework}, ${MOUNTED} / ${name}, with a connection each: ${ratio('connected')}`)
  }
}

async function takeStart(framework, starters, isFirst) {
  const sides = []
  try {
    for (const [name, start] of starters) sides.push({ name, ...(await start()) })
    // The optimiser's first seconds are not what production looks like.
    for (const side of sides) {
      const main = await mainOf(`${framework}, ${side.name}`, side.port)
      if (isFirst) console.log(`${framework}, ${side.name}: ${main} answers`)
      await measureBoth(side, load)
    }
    return await inTurns(sides, count, (side) => measureBoth(side, load))
  } finally {
    for (const { end } of sides) await end()
  }
}
