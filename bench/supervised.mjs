/**
 * The same Fastify app, by its own main file, in two workers: under `ekiben run`, under plain node:cluster, under PM2's
 * cluster mode, and under Watt (where its workers are threads) on a Node that runs it. Requests/s with keep-alive and with
 * a connection for each request, in turns; who goes first takes turns too. Of connections that are kept the first two
 * seconds do not count. How fast one and the same code is made differs by a tenth from process to process, so all are
 * started anew, five times, and a round's ratio is what counts. About five minutes by default.
 *
 *     node bench/supervised.mjs [--smoke] [--starts N] [--rounds N]
 *
 * Targets: with keep-alive at least equal to each peer, with a connection for each request at least 1.5 times.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findSupervisors, mainOf, measureBoth } from './hosts/supervisors.mjs'
import { inTurns, spread } from './http/sides.mjs'

const MAIN = fileURLToPath(new URL('hosts/app.mjs', import.meta.url))
const CLIENTS = 32

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    starts: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '2' },
  },
})
const starts = values.smoke ? 1 : Number(values.starts)
/** After each start. */
const rounds = values.smoke ? 1 : Number(values.rounds)
/** Of connections that are kept: the server may share them out among its workers first. */
const lasting = values.smoke ? { settleSeconds: 0, seconds: 1 } : { settleSeconds: 2, seconds: 2 }
const load = { clients: CLIENTS, lasting, seconds: values.smoke ? 0.3 : 1 }

const folder = await mkdtemp(join(tmpdir(), 'ekiben-bench-'))
try {
  const supervisors = Object.entries(await findSupervisors())
  const taken = []
  for (let index = 0; index < starts; index++) taken.push(...(await takeStart(supervisors, index === 0)))
  report(taken)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function takeStart(supervisors, isFirst) {
  const sides = []
  try {
    for (const [name, start] of supervisors) sides.push({ name, ...(await start({ main: MAIN, args: [], folder })) })
    for (const { name, port } of sides) {
      const main = await mainOf(name, port)
      if (isFirst) console.log(`${name}: ${main} answers`)
    }
    for (const side of sides) await measureBoth(side, load)
    return await inTurns(sides, rounds, (side) => measureBoth(side, load))
  } finally {
    for (const { end } of sides) await end()
  }
}

function report(taken) {
  const pick = (name, key) => taken.map((round) => round[name][key])
  const names = Object.keys(taken[0])
  console.log(`Node ${process.versions.node}, 2 workers each, ${CLIENTS} clients, ${starts} starts of ${rounds} rounds`)
  for (const name of names) {
    console.log(
      `${name}, requests/s with keep-alive: ${spread(pick(name, 'kept'), 0)}; p99 in ms: ${spread(pick(name, 'keptP99'), 1)}`,
    )
    console.log(
      `${name}, requests/s with a connection each: ${spread(pick(name, 'connected'), 0)}; p99 in ms: ${spread(pick(name, 'p99'), 1)}`,
    )
  }
  for (const name of names.filter((other) => other !== 'ekiben run')) {
    const ratio = (key) => taken.map((round) => round['ekiben run'][key] / round[name][key])
    console.log(`ekiben run / ${name}, with keep-alive: ${spread(ratio('kept'), 2)}`)
    console.log(`ekiben run / ${name}, with a connection each: ${spread(ratio('connected'), 2)}`)
  }
}
