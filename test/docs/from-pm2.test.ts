import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Shown, steer } from '../helpers/control-socket.js'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/from-pm2.md'), 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```js file=(\S+)\n(.*?)^```$/gms)].map(([, name, code]) => [name as string, code as string]),
)
const [, currency = '', typed = ''] = /^CURRENCY=(\S+) npx ekiben (.*)$/m.exec(page) ?? []
const LOCAL = ['--port', '0', '--host', '127.0.0.1', '--app-port', '3000', '--log-format', 'json']

/** What PM2 has, and what stands for it here. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split(' | '))
  .map(([pm2 = '', here = '']) => ({ pm2, here: [...here.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string) }))

/** All that the right column shows and that looks like this. */
const shown = (pattern: RegExp): string[] => [
  ...new Set(rows.flatMap(({ here }) => here.flatMap((code) => code.match(pattern)?.[0] ?? []))),
]

function project(): Promise<ProjectFolder> {
  return projectFolder({ 'package.json': { type: 'module' }, ...files })
}

/** The command of the page, on a port that is free. */
function start({ path }: ProjectFolder, node: readonly string[] = []): Promise<ServingCommand> {
  const [verb = '', main = '', ...flags] = typed.split(' ')
  const env = { CURRENCY: currency, NODE_ENV: undefined }
  return startServing([...node, EKIBEN, verb, main, ...LOCAL, ...flags], { cwd: path, env })
}

async function ask({ url }: ServingCommand): Promise<Record<string, unknown>> {
  const answer = await fetch(url, { headers: { connection: 'close' } })
  return (await answer.json()) as Record<string, unknown>
}

async function readyWorkers(run: ServingCommand): Promise<number> {
  const { code, stdout, stderr } = await steer(run, ['ps', '--json'])
  assert.deepEqual([code, stderr], [0, ''])
  const [{ services } = assert.fail('nothing runs')] = JSON.parse(stdout) as Shown[]
  return services.flatMap(({ workers }) => workers).filter(({ state }) => state === 'ready').length
}

/** What a run of the app would be like, with these flags, or with the settings of a file. */
async function explain({ path }: ProjectFolder, args: readonly string[]): Promise<Plan> {
  const { code, stdout, stderr } = await runNodeToEnd([EKIBEN, ...args], { cwd: path })
  assert.deepEqual([code, stderr], [0, ''])
  return JSON.parse(stdout) as Plan
}

interface Plan {
  readonly services: readonly {
    readonly name: string
    readonly workers: number
    readonly supervision: Readonly<Record<string, unknown>>
    readonly env: unknown
    readonly nodeArgs: unknown
  }[]
  readonly warnings: readonly unknown[]
  readonly settings: Readonly<Record<string, { readonly value: unknown }>>
}

/** A value of each setting that the page names, none of them its default. */
const SETTINGS: Readonly<Record<string, unknown>> = {
  bootTimeoutMs: 61_234,
  drainTimeoutMs: 2_345,
  maxRssBytes: 300 * 1024 * 1024,
  maxAgeMs: 3_456,
  restart: {
    initialMs: 5,
    factor: 3,
    maxMs: 50,
    resetAfterMs: 500,
    flappingCount: 7,
    flappingWindowMs: 700,
  },
}
const OF_SERVICE: Readonly<Record<string, unknown>> = { env: { A: 'b' }, nodeArgs: ['--stack-trace-limit=7'] }

describe('docs/from-pm2.md', () => {
  it('shows an app, an ecosystem file, and the command that says the same', async () => {
    await using folder = await project()
    const [pm2] = createRequire(join(folder.path, 'x.js'))('./ecosystem.config.cjs').apps
    const [verb = '', main = '', ...flags] = typed.split(' ')
    const { services, settings, warnings } = await explain(folder, [verb, main, '--dry-run', '--explain', ...flags])
    assert.deepEqual(warnings, [])
    assert.deepEqual([main, services.map(({ name }) => name)], [pm2.script, [pm2.name]])
    assert.equal(settings.timeoutGracefulShutdownMs?.value, pm2.kill_timeout)
    assert.equal(services[0]?.supervision.maxRssBytes, Number.parseInt(pm2.max_memory_restart, 10) * 1024 * 1024)
    await using run = await start(folder)
    const seen = new Set<string>()
    await waitUntil(
      async () => {
        const { NODE_APP_INSTANCE, args, ...env } = await ask(run)
        assert.deepEqual([args, env], [pm2.args.split(' '), pm2.env_production])
        seen.add(NODE_APP_INSTANCE as string)
        return seen.size === pm2.instances
      },
      { timeoutMs: 30_000, describe: () => `answers of ${pm2.instances} workers, after ${[...seen]}` },
    )
    assert.deepEqual([...seen].sort(), ['0', '1'])
    assert.equal(await run.stop(), 0, run.stdout() + run.stderr())
  })

  it('names only flags that there are', async () => {
    const flags = [...shown(/(?<=^|\s)--[a-z-]+/), ...shown(/(?<= )--[a-z-]+/)].filter((flag) => flag !== '--')
    assert.ok(flags.length > 8, flags.join(' '))
    const help = await Promise.all(['run', 'ps'].map((verb) => runNodeToEnd([EKIBEN, verb, '--help'])))
    const known = new Set(help.flatMap(({ stdout }) => stdout.match(/--[a-z][a-z-]*/g) ?? []))
    assert.deepEqual(
      flags.filter((flag) => !known.has(flag)),
      [],
    )
  })

  it('names only settings that are acted on', async () => {
    const named = (pattern: RegExp): string[] => shown(pattern).map((path) => path.split('.').at(-1) as string)
    assert.deepEqual(named(/^supervision\.\w+/).sort(), Object.keys(SETTINGS).sort())
    assert.deepEqual(named(/^services\.NAME\.\w+/).sort(), Object.keys(OF_SERVICE).sort())
    await using folder = await project()
    const config = { supervision: SETTINGS, services: { shop: OF_SERVICE } }
    await writeFile(join(folder.path, 'ekiben.config.json'), JSON.stringify(config))
    const { services } = await explain(folder, ['run', 'server.mjs', '--name', 'shop', '--dry-run', '--explain'])
    const [{ supervision, env, nodeArgs } = assert.fail('no service is planned')] = services
    assert.deepEqual(Object.fromEntries(Object.keys(SETTINGS).map((key) => [key, supervision[key]])), SETTINGS)
    assert.deepEqual({ env, nodeArgs }, OF_SERVICE)
  })

  it('names commands that do what is said of them', async () => {
    const commands = shown(/^ekiben (?!run).*/).map((command) => command.replace('ekiben ', ''))
    assert.deepEqual(commands, ['reload', 'restart NAME', 'scale NAME=N', 'ps', 'ps --json', 'stop'])
    await using folder = await project()
    await using run = await start(folder)
    for (const command of commands) {
      const args = command.replace('NAME', 'shop').replace('=N', '=3').split(' ')
      const { code, stderr } = await steer(run, args)
      assert.deepEqual([code, stderr], [0, ''], command)
      const workers = command.startsWith('scale') ? 3 : 2
      if (command === 'reload' || command.startsWith('restart') || workers === 3) {
        await waitUntil(async () => (await readyWorkers(run)) === workers, {
          timeoutMs: 30_000,
          describe: () => `${workers} workers:\n${run.stdout()}${run.stderr()}`,
        })
      }
    }
    assert.equal((await run.exited).code, 0, run.stdout() + run.stderr())
    assert.doesNotMatch(run.stdout(), /had to be cut short/)
  })

  it('says where flags of Node can stand', async () => {
    assert.ok(shown(/^node FLAGS .*\/ekiben run/).length === 1)
    await using folder = await project()
    const answer = 'response.end(JSON.stringify({ limit: Error.stackTraceLimit }))'
    const main = `import { createServer } from 'node:http'
      createServer((request, response) => ${answer}).listen(3000, () => process.send('ready'))`
    await writeFile(join(folder.path, 'server.mjs'), main)
    await using run = await start(folder, ['--stack-trace-limit=7'])
    assert.deepEqual(await ask(run), { limit: 7 })
    assert.equal(await run.stop(), 0, run.stdout() + run.stderr())
  })
})
