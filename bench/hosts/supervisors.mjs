/**
 * An app by its own main file in two workers, under what is compared: `ekiben run`, plain node:cluster, PM2's cluster mode,
 * and Watt, where its workers are threads.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../chaos/servers/free-port.mjs'
import { installPm2 } from '../../chaos/servers/pm2.mjs'
import { installWatt, runsWatt, startWatt } from '../../chaos/servers/watt.mjs'
import { lastingLoad } from '../http/load.mjs'
import { firstAnswer, runArguments, serveApp } from './serve-app.mjs'

const run = promisify(execFile)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const WORKERS = '2'

/**
 * By name, those that this machine and this Node can run. Each starts an app, `{ main, args, folder }`, and resolves with the
 * port and what ends it.
 */
export async function findSupervisors() {
  const found = { 'ekiben run': startEkiben, 'node:cluster': startCluster }
  const pm2 = await installed('PM2', installPm2())
  if (pm2 !== undefined) found.PM2 = (app) => startPm2(pm2, app)
  if (!runsWatt(process.version)) {
    console.log(`Watt does not run on Node ${process.versions.node}`)
    return found
  }
  const watt = await installed('Watt', installWatt())
  if (watt !== undefined) found.Watt = (app) => startUnderWatt(watt, app)
  return found
}

/** Requests/s and the 99th percentile in ms: over connections that are kept, and with a connection for each request. */
export async function measureBoth({ port }, { clients, lasting, seconds }) {
  const { rate: kept, p99: keptP99 = Number.NaN } = await lastingLoad({ port, connections: clients, ...lasting })
  const { stdout } = await run(process.execPath, [here('connect-each.mjs'), port, seconds, clients].map(String))
  const [connected, p99] = stdout.split(' ').map(Number)
  return { kept, keptP99, connected, p99 }
}

/** The file that answers: it has to be the app's own. */
export async function mainOf(name, port) {
  const { main } = await (await firstAnswer(name, port, '/main')).json()
  return main.split('/').slice(-2).join('/')
}

function startEkiben({ main, args, folder }) {
  return serveApp(runArguments(main, { workers: WORKERS, appArguments: args }), join(folder, 'run'))
}

function startCluster({ main, args, folder }) {
  return serveApp(() => [here('cluster-primary.mjs'), main, WORKERS, ...args], join(folder, 'run'))
}

async function startPm2(bin, { main, args, folder }) {
  const port = await freePort()
  const env = {
    ...process.env,
    PM2_HOME: join(folder, 'pm2'),
    PM2_DISCRETE_MODE: 'true',
    PORT: String(port),
    NODE_ENV: 'production',
  }
  const pm2 = (...words) => run(process.execPath, [bin, ...words], { env, maxBuffer: 2 ** 26 })
  // A `--` with nothing after it is taken for the name of a file.
  await pm2('start', main, '-i', WORKERS, '--wait-ready', ...(args.length > 0 ? ['--', ...args] : []))
  return { port, end: () => pm2('kill').catch(() => {}) }
}

/** It takes a copy of the main file, which can only lead to the app's own. */
async function startUnderWatt(watt, { main, args, folder }) {
  const own = await mkdtemp(join(folder, 'watt-'))
  const copied = join(own, 'main.mjs')
  const text = `process.argv.push(...${JSON.stringify(args)})\nexport const { close } = await import('${pathToFileURL(main)}')\n`
  await writeFile(copied, text)
  const modules = here('../../node_modules')
  const { port, stop } = await startWatt({ node: process.execPath, folder: own, watt, main: copied, modules })
  return { port, end: stop }
}

async function installed(name, installing) {
  return installing.catch((error) => console.log(`${name} could not be installed: ${error.message.split('\n')[0]}`))
}
