import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { addCleanup } from '../cleanup.mjs'
import { freePort } from './free-port.mjs'

const run = promisify(execFile)
const VERSION = '7.0.4'
const CACHE = join(tmpdir(), 'ekiben-chaos-pm2')
const NAME = 'app'

/** The path of PM2's command, installed outside the repository where it is missing. */
export async function installPm2() {
  const folder = join(CACHE, VERSION)
  const bin = join(folder, 'node_modules/pm2/bin/pm2')
  if (
    await access(bin).then(
      () => true,
      () => false,
    )
  )
    return bin
  await mkdir(CACHE, { recursive: true })
  const fresh = await mkdtemp(join(CACHE, '.new-'))
  await writeFile(join(fresh, 'package.json'), '{ "private": true }\n')
  const flags = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', ...flags, '--prefix', fresh, `pm2@${VERSION}`], { cwd: fresh })
  await rm(folder, { recursive: true, force: true })
  await rename(fresh, folder)
  return bin
}

/**
 * The plain app under PM2's cluster mode, as its documentation advises for reloads without downtime; `pmx`: with what PM2
 * measures in it unless told otherwise.
 */
export async function startPm2({ node, project, bin, env = {}, pmx = false }) {
  const port = await freePort()
  const home = join(project.path, 'pm2')
  const app = {
    name: NAME,
    script: 'app.mjs',
    cwd: project.path,
    instances: 2,
    exec_mode: 'cluster',
    wait_ready: true,
    listen_timeout: 3_000,
    kill_timeout: 10_000,
    pmx,
    env: { ...env, PORT: String(port) },
  }
  await writeFile(join(project.path, 'ecosystem.json'), JSON.stringify({ apps: [app] }))
  const options = {
    cwd: project.path,
    env: { ...process.env, PM2_HOME: home, PM2_DISCRETE_MODE: 'true', PM2_DISABLE_VERSION_CHECK: 'true' },
    maxBuffer: 2 ** 26,
  }
  const pm2 = (...args) => run(node, [bin, ...args], options)
  const end = () => pm2('kill').catch(() => {})
  const forget = addCleanup(end)
  await pm2('start', 'ecosystem.json')
  const list = async () => JSON.parse((await pm2('jlist')).stdout.trim().split('\n').at(-1))
  return {
    name: `PM2 ${VERSION}`,
    port,
    async reload() {
      return pm2('reload', NAME).then(
        () => undefined,
        (error) => String(error.stderr || error.message).trim(),
      )
    },
    async workers() {
      return (await list()).filter(({ pm2_env }) => pm2_env.status === 'online').map(({ pid }) => ({ pid }))
    },
    async stop() {
      await end()
      forget()
    },
  }
}
