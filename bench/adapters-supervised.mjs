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
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort } from '../chaos/servers/free-port.mjs'
import { FRAMEWORKS, lastingLoad } from './http/load.mjs'
import { spread } from './http/sides.mjs'

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
/** After each start. */
const count = values.smoke ? 1 : Number(values.rounds)
/** The connections are shared out among the workers first. */
const lasting = values.smoke ? { settleSeconds: 0, seconds: 1 } : { settleSeconds: 1, seconds: 2 }

const folder = await mkdtemp(join(tmpdir(), 'ekiben-bench-'))
try {
  console.log(
    `Node ${process.versions.node}, ekiben run with 2 workers, ${CLIENTS} clients, ${starts} starts of ${count} rounds`,
  )
  for (const framework of positionals.length > 0 ? positionals : FRAMEWORKS) await compare(framework)
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
    for (const side of sides) await takeTurn(side)
    const rounds = []
    for (let index = 0; index < count; index++) {
      const round = {}
      for (const side of index % 2 === 0 ? sides : sides.toReversed()) round[side.name] = await takeTurn(side)
      rounds.push(round)
    }
    return rounds
  } finally {
    for (const { end } of sides) await end()
  }
}

function takeTurn({ port }) {
  return lastingLoad({ port, connections: CLIENTS, ...lasting })
}

async function startSide(framework, name) {
  const port = await freePort()
  const app = [here(`http/${framework}-server.mjs`), '--api-workers', '2', '--log-level', 'warn']
  const address = ['--port', String(port), '--host', '127.0.0.1']
  const child = spawn(
    process.execPath,
    [here('../packages/core/bin/ekiben.js'), 'run', ...app, ...address, '--', name],
    {
      env: { ...process.env, NODE_ENV: 'production', PORT: String(port), EKIBEN_RUNTIME_DIR: join(folder, name) },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const exited = once(child, 'exit')
  const end = async () => {
    child.kill('SIGTERM')
    await exited
  }
  while ((await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) === undefined) {
    if (child.exitCode !== null) throw new Error(`${framework}, ${name} ended with ${child.exitCode}`)
    await sleep(50)
  }
  return { name, port, end }
}
