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
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { freePort } from '../chaos/servers/free-port.mjs'
import { installPm2 } from '../chaos/servers/pm2.mjs'
import { installWatt, runsWatt, startWatt } from '../chaos/servers/watt.mjs'
import { firstAnswer, runArguments, serveApp } from './hosts/serve-app.mjs'
import { lastingLoad } from './http/load.mjs'
import { inTurns, spread } from './http/sides.mjs'

const run = promisify(execFile)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const WORKERS = '2'
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
const seconds = values.smoke ? 0.3 : 1
/** Of connections that are kept: the server may share them out among its workers first. */
const lasting = values.smoke ? { settleSeconds: 0, seconds: 1 } : { settleSeconds: 2, seconds: 2 }

const folder = await mkdtemp(join(tmpdir(), 'ekiben-bench-'))
try {
  const kinds = await findKinds()
  const taken = []
  for (let index = 0; index < starts; index++) taken.push(...(await takeStart(kinds, index === 0)))
  report(taken)
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** How each of those is started that this machine and this Node can run. */
async function findKinds() {
  const kinds = [
    () => startSide('ekiben run', runArguments(here('hosts/app.mjs'), { workers: WORKERS })),
    () => startSide('node:cluster', () => [here('hosts/cluster-primary.mjs')]),
  ]
  const pm2 = await installPm2().catch((error) =>
    console.log(`PM2 could not be installed: ${error.message.split('\n')[0]}`),
  )
  if (pm2 !== undefined) kinds.push(() => startPm2(pm2))
  if (runsWatt(process.version)) kinds.push(startWattSide)
  else console.log(`Watt does not run on Node ${process.versions.node}`)
  return kinds
}

async function takeStart(kinds, isFirst) {
  const sides = []
  try {
    for (const start of kinds) sides.push(await start())
    for (const { name, port } of sides) {
      const main = await mainOf(name, port)
      if (isFirst) console.log(`${name}: ${main.split('/').slice(-2).join('/')} answers`)
    }
    for (const side of sides) await takeTurn(side)
    return await inTurns(sides, rounds, takeTurn)
  } finally {
    for (const { end } of sides) await end()
  }
}

async function startSide(name, argumentsFor) {
  return { name, ...(await serveApp(argumentsFor, join(folder, 'run'))) }
}

async function startPm2(bin) {
  const port = await freePort()
  const env = {
    ...process.env,
    PM2_HOME: join(folder, 'pm2'),
    PM2_DISCRETE_MODE: 'true',
    PORT: String(port),
    NODE_ENV: 'production',
  }
  const pm2 = (...args) => run(process.execPath, [bin, ...args], { env, maxBuffer: 2 ** 26 })
  await pm2('start', here('hosts/app.mjs'), '-i', WORKERS, '--wait-ready')
  return { name: 'PM2', port, end: () => pm2('kill').catch(() => {}) }
}

async function startWattSide() {
  const modules = here('../node_modules')
  const options = {
    node: process.execPath,
    folder: await mkdtemp(join(folder, 'watt-')),
    watt: await installWatt(),
    modules,
  }
  const { port, stop } = await startWatt({ ...options, main: here('hosts/app.mjs') })
  return { name: 'Watt', port, end: stop }
}

/** The file that answers: it has to be the app's own. */
async function mainOf(name, port) {
  return (await (await firstAnswer(name, port, '/main')).json()).main
}

async function takeTurn({ port }) {
  const { rate: kept, p99: keptP99 = Number.NaN } = await lastingLoad({ port, connections: CLIENTS, ...lasting })
  const { stdout } = await run(process.execPath, [here('hosts/connect-each.mjs'), port, seconds, CLIENTS].map(String))
  const [connected, p99] = stdout.split(' ').map(Number)
  return { kept, keptP99, connected, p99 }
}

function report(taken) {
  const pick = (name, key) => taken.map((round) => round[name][key])
  const names = Object.keys(taken[0])
  console.log(
    `Node ${process.versions.node}, ${WORKERS} workers each, ${CLIENTS} clients, ${starts} starts of ${rounds} rounds`,
  )
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
