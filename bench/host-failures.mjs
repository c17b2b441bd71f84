/**
 * Requests that fail while the same Fastify app, by its own main file in two workers, is reloaded ten times, and while one
 * of its workers is killed (SIGKILL) ten times: under `ekiben run`, under node:cluster with the rolling restart and the
 * respawning that are usually written for it, under PM2's cluster mode, and under Watt where this Node runs it. Half of the
 * clients keep their connections and think for up to two seconds between requests, the other half connect for each one.
 * About ten minutes.
 *
 *     node bench/host-failures.mjs [--smoke] [--times N] [--only NAME,NAME]
 *
 * Target: none of ours in reloads.
 */
import { execFile, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startCluster } from '../chaos/servers/cluster.mjs'
import { freePort } from '../chaos/servers/free-port.mjs'
import { installPm2, startPm2 } from '../chaos/servers/pm2.mjs'
import { installWatt, runsWatt, startWatt } from '../chaos/servers/watt.mjs'

const run = promisify(execFile)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const MAIN = here('hosts/app.mjs')
const EKIBEN = here('../packages/core/bin/ekiben.js')
const node = process.execPath
const CLIENTS = 40
const START_MS = 60_000
const BODY = '{"text":"The food was wonderful and the staff were kind"}'

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    times: { type: 'string', default: '10' },
    only: { type: 'string' },
  },
})
const times = values.smoke ? 1 : Number(values.times)
const only = values.only?.split(',')
const thinkMs = values.smoke ? 200 : 2_000
/** A peer may leave one without an answer for ever. */
const requestMs = values.smoke ? 2_000 : 15_000
/** Between two reloads or kills, and after the last. */
const settleMs = values.smoke ? 300 : 3_000

const PEERS = {
  'ekiben run': startEkiben,
  'node:cluster': async (folder) => startCluster({ node, project: await projectIn(folder) }),
  PM2: async (folder) => startPm2({ node, project: await projectIn(folder), bin: await installPm2() }),
  Watt: async (folder) => {
    if (!runsWatt(process.version)) throw new Error(`Watt does not run on Node ${process.versions.node}`)
    const watt = await installWatt()
    return startWatt({ node, folder, watt, main: MAIN, modules: here('../node_modules') })
  },
}

console.log(`Node ${process.versions.node}, 2 workers each, ${CLIENTS} clients, ${times} reloads and ${times} SIGKILLs`)
for (const [name, start] of Object.entries(PEERS)) {
  if (only !== undefined && !only.includes(name)) continue
  await measure(name, start)
}

async function measure(name, start) {
  const folder = await mkdtemp(join(tmpdir(), 'ekiben-bench-'))
  let server
  try {
    server = await start(folder)
    await proveMain(name, server.port)
    const reloads = await strike(server, () => server.reload())
    console.log(`${name}, reloads: ${describe(reloads)}`)
    if ((await server.workers()).length === 0) {
      console.log(`${name}, SIGKILLs: its workers are threads, and none can be killed by itself`)
      return
    }
    console.log(`${name}, SIGKILLs: ${describe(await strike(server, () => killOne(server)))}`)
  } catch (error) {
    console.log(`${name}: not measured: ${error.message.split('\n')[0]}`)
  } finally {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** What becomes of all requests while `act` is done again and again. */
async function strike({ port }, act) {
  const books = { sent: 0, failed: new Map(), refused: [], struck: 0 }
  const load = startLoad(port, books)
  await sleep(settleMs)
  for (let count = 0; count < times; count++) {
    const before = failures(books)
    const reason = await act()
    if (reason !== undefined) books.refused.push(reason)
    await sleep(settleMs)
    if (failures(books) > before) books.struck++
  }
  await load.stop()
  return books
}

async function killOne(server) {
  // One that is started anew has none yet.
  const worker = (await server.workers()).find(({ pid }) => pid !== null)
  process.kill(worker.pid, 'SIGKILL')
}

function failures({ failed }) {
  return [...failed.values()].reduce((sum, count) => sum + count, 0)
}

function describe(books) {
  const { sent, failed, refused, struck } = books
  const kinds = [...failed].map(([kind, count]) => `${count} ${kind}`).join(', ')
  const given = refused.length === 0 ? '' : `; ${refused.length} refused: ${refused[0]?.trim().split('\n').at(-1)}`
  const count = failures(books)
  const detail = count === 0 ? '' : ` (${kinds}), in ${struck} of ${times}`
  return `${count} of ${sent} requests failed${detail}, ${(count / times).toFixed(1)} each${given}`
}

function startLoad(port, books) {
  let isGoing = true
  const client = async (index) => {
    const keeps = index % 2 === 0
    const agent = keeps ? new Agent({ keepAlive: true, maxSockets: 1 }) : false
    while (isGoing) {
      await sleep(Math.random() * (keeps ? thinkMs : thinkMs / 20))
      books.sent++
      const outcome = await ask(port, agent).catch((error) => error.code ?? error.message)
      if (outcome !== 200) books.failed.set(outcome, (books.failed.get(outcome) ?? 0) + 1)
    }
    if (agent !== false) agent.destroy()
  }
  const running = Array.from({ length: CLIENTS }, (_, index) => client(index))
  return {
    async stop() {
      isGoing = false
      await Promise.all(running)
    },
  }
}

function ask(port, agent) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': BODY.length }
    const signal = AbortSignal.timeout(requestMs)
    const options = { host: '127.0.0.1', port, path: '/classify', method: 'POST', headers, agent, signal }
    const sent = request(options, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode)).on('error', reject)
    })
    sent.on('error', reject)
    sent.end(BODY)
  })
}

async function startEkiben(folder) {
  const port = await freePort()
  const env = { ...process.env, NODE_ENV: 'production', EKIBEN_RUNTIME_DIR: join(folder, 'run') }
  const flags = ['--port', String(port), '--host', '127.0.0.1', '--api-workers', '2', '--log-level', 'warn']
  const args = [EKIBEN, 'run', MAIN, ...flags, '--instance', 'bench']
  const child = spawn(node, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const ekiben = (...rest) => run(node, [EKIBEN, ...rest], { env })
  return {
    port,
    reload: () =>
      ekiben('reload', '--instance', 'bench').then(
        () => undefined,
        (error) => error.stderr,
      ),
    workers: async () => JSON.parse((await ekiben('ps', '--json')).stdout)[0].services[0].workers,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** A copy of the app with a primary beside it. */
async function projectIn(path) {
  await mkdir(path, { recursive: true })
  await cp(MAIN, join(path, 'app.mjs'))
  await cp(here('../chaos/services/cluster-primary.mjs'), join(path, 'cluster-primary.mjs'))
  await symlink(here('../node_modules'), join(path, 'node_modules'))
  return { path }
}

/** That the app's own main file is what answers. */
async function proveMain(name, port) {
  for (const until = performance.now() + START_MS; performance.now() < until; await sleep(100)) {
    const answer = await fetch(`http://127.0.0.1:${port}/main`).then(
      (response) => response.json(),
      () => undefined,
    )
    if (answer !== undefined) return console.log(`${name}: ${answer.main} answers`)
  }
  throw new Error('it does not answer')
}
