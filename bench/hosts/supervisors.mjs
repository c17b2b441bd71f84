/**
 * An app by its own main file in two workers, under what is compared: `ekiben run`, plain node:cluster, PM2's cluster mode
 * as it comes, and Watt, where its workers are threads.
 */
import { execFile, spawn } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { startCluster } from '../../chaos/servers/cluster.mjs'
import { freePort } from '../../chaos/servers/free-port.mjs'
import { installPm2, startPm2 } from '../../chaos/servers/pm2.mjs'
import { installWatt, runsWatt, startWatt } from '../../chaos/servers/watt.mjs'

const run = promisify(execFile)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const EKIBEN = here('../../packages/core/bin/ekiben.js')
const node = process.execPath
const INSTANCE = 'bench'

/** Of each side. */
export const WORKERS = 2
/** The name of ours. */
export const OURS = 'ekiben run'

/**
 * By name, those that this machine and this Node can run; why others cannot is printed. Each starts an app,
 * `{ main, args, env, folder }` with a folder of its own, and resolves with its port, what reloads it (resolves with why
 * not, if it was refused), its worker processes, and what ends it.
 */
export async function findSupervisors() {
  const found = { [OURS]: startEkiben, 'node:cluster': startUnderCluster }
  const pm2 = await installed('PM2', installPm2)
  if (pm2 !== undefined) found.PM2 = (app) => startUnderPm2(pm2, app)
  if (!runsWatt(process.version)) {
    console.log(`Watt: not measured, as it does not run on Node ${process.versions.node}`)
    return found
  }
  const watt = await installed('Watt', installWatt)
  if (watt !== undefined) found.Watt = (app) => startUnderWatt(watt, app)
  return found
}

async function installed(name, install) {
  return install().catch((error) => {
    console.log(`${name}: not measured, as it could not be installed: ${error.message.split('\n')[0]}`)
  })
}

async function startEkiben({ main, args, env, folder }) {
  const port = await freePort()
  const own = { ...process.env, ...env, NODE_ENV: 'production', EKIBEN_RUNTIME_DIR: join(folder, 'run') }
  const place = ['--port', String(port), '--host', '127.0.0.1', '--instance', INSTANCE]
  const flags = [...place, '--api-workers', String(WORKERS), '--log-level', 'warn']
  const child = spawn(node, [EKIBEN, 'run', main, ...flags, '--', ...args], {
    env: { ...own, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const ekiben = (...words) => run(node, [EKIBEN, ...words], { env: own })
  return {
    port,
    reload: () =>
      ekiben('reload', '--instance', INSTANCE).then(
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

async function startUnderCluster(app) {
  const project = await makeProject(app)
  await cp(here('../../chaos/services/cluster-primary.mjs'), join(project.path, 'cluster-primary.mjs'))
  // A heavy framework may take its time, as may PM2's, which goes on without it.
  const env = { ...app.env, NODE_ENV: 'production', LISTEN_TIMEOUT_MS: '30000' }
  return startCluster({ node, project, env })
}

async function startUnderPm2(bin, app) {
  const project = await makeProject(app)
  return startPm2({ node, project, bin, env: { ...app.env, NODE_ENV: 'production' }, pmx: true })
}

async function startUnderWatt(watt, app) {
  const { path } = await makeProject(app)
  const modules = here('../../node_modules')
  return startWatt({ node, folder: app.folder, watt, main: join(path, 'app.mjs'), modules, env: app.env })
}

/** These start an `app.mjs`, which can only lead to the app's own main file. */
async function makeProject({ main, args, folder }) {
  const path = join(folder, 'project')
  await mkdir(path)
  const text = `process.argv.push(...${JSON.stringify(args)})\nexport const { close } = await import('${pathToFileURL(main)}')\n`
  await writeFile(join(path, 'app.mjs'), text)
  return { path }
}
