import { execFile } from 'node:child_process'
import { access, cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.mjs'
import { ManagedProcess } from './managed-process.mjs'

const run = promisify(execFile)
const VERSION = '3.65.0'
const NAME = 'watt-bench'
const CACHE = join(tmpdir(), 'ekiben-chaos-watt')
/** The first Node that it runs on. */
const NEEDS = [22, 19]

/** Does Watt run on a Node of this version? */
export function runsWatt(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  return major > NEEDS[0] || (major === NEEDS[0] && minor >= NEEDS[1])
}

/** The folder with Watt and its runner of Node apps, made outside the repository where it is missing. */
export async function installWatt() {
  const folder = join(CACHE, VERSION)
  const isThere = await access(join(folder, 'node_modules/wattpm')).then(
    () => true,
    () => false,
  )
  if (isThere) return folder
  await mkdir(CACHE, { recursive: true })
  const fresh = await mkdtemp(join(CACHE, '.new-'))
  await writeFile(join(fresh, 'package.json'), '{ "private": true }\n')
  const flags = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
  const packages = [`wattpm@${VERSION}`, `@platformatic/node@${VERSION}`]
  await run('npm', ['install', ...flags, '--prefix', fresh, ...packages], { cwd: fresh })
  await rm(folder, { recursive: true, force: true })
  await rename(fresh, folder)
  return folder
}

/** An app in two workers under Watt, which are threads of one process. `modules`: where the app finds what it imports. */
export async function startWatt({ node, folder, watt, main, modules, env: own = {} }) {
  const port = await freePort()
  const app = join(folder, 'app')
  await mkdir(join(app, 'node_modules/@platformatic'), { recursive: true })
  await cp(main, join(app, 'app.mjs'))
  await symlink(join(watt, 'node_modules/@platformatic/node'), join(app, 'node_modules/@platformatic/node'))
  await symlink(join(modules, 'fastify'), join(app, 'node_modules/fastify'))
  await writeFile(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }')
  const schema = (name) => `https://schemas.platformatic.dev/${name}/${VERSION}.json`
  const service = { $schema: schema('@platformatic/node'), node: { main: 'app.mjs' } }
  await writeFile(join(app, 'watt.json'), JSON.stringify(service))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: NAME, private: true }))
  await writeFile(
    join(folder, 'watt.json'),
    JSON.stringify({
      $schema: schema('wattpm'),
      server: { hostname: '127.0.0.1', port },
      workers: 2,
      watch: false,
      logger: { level: 'warn' },
      entrypoint: 'app',
      applications: [{ id: 'app', path: './app' }],
    }),
  )
  const cli = join(watt, 'node_modules/wattpm/bin/cli.js')
  // It starts `node` by that name.
  const PATH = `${dirname(node)}:${process.env.PATH}`
  const env = { ...process.env, ...own, PATH, NODE_ENV: 'production', PORT: String(port) }
  const server = new ManagedProcess(node, [cli, 'start'], { cwd: folder, env })
  return {
    name: `Watt ${VERSION}`,
    port,
    reload: () =>
      run(node, [cli, 'restart', NAME], { cwd: folder, env }).then(
        () => undefined,
        (error) => String(error.stderr || error.stdout || error.message).trim(),
      ),
    /** None that could be killed by itself. */
    workers: () => [],
    async stop() {
      server.kill('SIGTERM')
      await server.exited
    },
  }
}
