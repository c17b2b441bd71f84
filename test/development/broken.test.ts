import assert from 'node:assert/strict'
import { readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FLAVOURS, greeterProject } from '../helpers/development-project.js'
import { greets, reloading, save, serveReloading, stops, WAITS, words } from '../helpers/reloading.js'
import { runNode, runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const BROKEN = `const before = 1
export const words: string = (
export const after = 2
`

/** More than a pipe or a socket takes at once, unless somebody reads. */
const LONG = 500_000

describe('a broken file in development mode', () => {
  for (const flavour of FLAVOURS) {
    it(`is shown with its lines, and clients wait until it is mended, with ${flavour} decorators`, async () => {
      await using project = await greeterProject(flavour)
      await using run = await serveReloading(project)
      await save(project, 'words.ts', BROKEN)
      const told = await run.broken()
      assert.match(told, /EKB_ERR_IDENTIFIER_LOAD_FAILED/)
      assert.match(
        told,
        /words\.ts:3:1\n {2}1 \| const before = 1\n {2}2 \| .*\(\n> 3 \| export const after = 2\n {4}\| \^/,
      )
      const waiting = call<{ words: string }>(run.url, 'greet')
      await save(project, 'words.ts', words('mended'))
      assert.deepEqual([(await waiting).status, (await waiting).body.words], [200, 'mended'])
      await stops(run)
    })
  }

  it('is shown when it is JavaScript, or throws as it is run, or its service does as it starts', async () => {
    await using project = await greeterProject('standard', {
      'helper.js': '',
      'words.ts': `import './plain.js'\n${words('first')}`,
      'plain.js': '',
    })
    await using run = await serveReloading(project)
    await save(project, 'plain.js', 'const a = 1\nconst b = (\nconst c = 2\n')
    assert.match(await run.broken(), /plain\.js:3:1\n[\s\S]*> 3 \| const c = 2/)
    await save(project, 'plain.js', 'const a = 1\n\nundefined.b\n')
    assert.match(
      await run.broken(),
      /TypeError: Cannot read[\s\S]*plain\.js:3:11\n {2}1 \| const a = 1\n {2}2 \| \n> 3 \| undefined\.b\n {4}\| {11}\^/,
    )
    await save(project, 'plain.js', '')
    await greets(run, 'first')
    const service = await readFile(join(project.path, 'service.ts'), 'utf8')
    await save(
      project,
      'service.ts',
      service.replace('@api()', "onStart(): void { throw new Error('not today') }\n  @api()"),
    )
    assert.match(await run.broken(), /not today[\s\S]*> \d+ \| .*onStart\(\)/)
    await save(project, 'service.ts', service)
    await greets(run, 'first')
    await stops(run)
  })

  it('may be missing, and come or come back', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    await save(project, 'words.ts', `export { words } from './other.js'\n`)
    assert.match(await run.broken(), /other\.js/)
    await save(project, 'other.ts', words('from another'))
    await greets(run, 'from another')
    await unlink(join(project.path, 'other.ts'))
    await run.broken()
    await save(project, 'other.ts', words('back again'))
    await greets(run, 'back again')
    await stops(run)
  })

  for (const [what, broken, file] of [
    ['so', BROKEN, 'words.ts'],
    ['missing', `export { words } from './other.js'\n`, 'other.ts'],
  ] as const) {
    it(`may be ${what} from the first start`, () => mendsFirstStart(broken, file))
  }

  async function mendsFirstStart(broken: string, file: string): Promise<void> {
    await using project = await greeterProject('standard', { 'words.ts': broken })
    await using started = await runNode(
      [EKIBEN, 'serve', 'service:Greeter', '--development', '--reload', '--port', '0', '--log-format', 'json'],
      { cwd: project.path, env: { NODE_ENV: undefined } },
    )
    const run = reloading({ ...started, url: '', stop: async () => null })
    await run.broken()
    await save(project, file, words('mended'))
    await run.ready(1)
    const url = run.lines().find(({ msg }) => msg === 'ready')?.url as string
    await greets({ ...run, url }, 'mended')
    started.kill('SIGINT')
    assert.equal((await started.exited).code, 0, started.stdout() + started.stderr())
  }

  it('is shown as a whole before the word that it waits, where both go to one reader', async () => {
    await using project = await greeterProject('standard', {
      'words.ts': `${words('first')}throw new Error('a' + '-'.repeat(${LONG}) + 'z')\n`,
    })
    await using started = await runNode(
      [EKIBEN, 'serve', 'service:Greeter', '--development', '--reload', '--port', '0', '--log-format', 'json'],
      { cwd: project.path, env: { NODE_ENV: undefined }, under: ['sh', '-c', 'exec "$@" 2>&1', 'sh'] },
    )
    await waitUntil(() => started.stdout().includes(WAITS), { timeoutMs: 30_000, describe: started.stdout })
    const [told = ''] = started.stdout().split(new RegExp(`\\{[^{]*${WAITS}`))
    assert.match(told, /a-{1000,}z/)
    started.kill('SIGINT')
    assert.equal((await started.exited).code, 0, started.stdout())
  })

  it('is no reason to wait where the command itself is wrong', async () => {
    await using project = await greeterProject()
    const serve = (...args: string[]) =>
      runNodeToEnd([EKIBEN, 'serve', ...args, '--development', '--reload', '--port', '0'], { cwd: project.path })
    const unknown = await serve('servce:Greeter')
    assert.equal(unknown.code, 4)
    assert.match(unknown.stderr, /^EKB_ERR_IDENTIFIER_NOT_FOUND/)
    const setting = await serve('service:Greeter', '--set', 'Nobody.env.A=b')
    assert.equal(setting.code, 2)
    assert.match(setting.stderr, /^EKB_ERR_CONFIG_UNKNOWN/)
  })

  it('ends when it is told to, whatever is broken', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    await save(project, 'words.ts', BROKEN)
    await run.broken()
    await stops(run, 'SIGINT')
  })
})

describe('an app that ends by itself in development mode', () => {
  const DIES = `
process.on('SIGUSR2', () => { throw new Error('at the wrong moment') })
`
  const AGAIN = 'the app has ended: starting it again'

  it('is started again where it had served for a while, else with the next change', async () => {
    await using project = await greeterProject('standard', { 'words.ts': `${DIES}${words('first')}` })
    await using run = await serveReloading(project)
    const pid = (): number => Number(run.lines().findLast(({ msg }) => msg === 'ready')?.pid)
    const first = pid()
    const ends = () => run.lines().flatMap(({ msg }) => (msg === AGAIN || msg === WAITS ? [msg] : []))
    const uptime = async (): Promise<number> => {
      const { stdout } = await runNodeToEnd([EKIBEN, 'ps', '--json'], { runtimeDir: run.runtimeDir })
      return JSON.parse(stdout)[0].services[0].workers[0].uptimeMs
    }
    await waitUntil(async () => (await uptime()) > 1_000, { timeoutMs: 30_000, describe: 'a second of serving' })
    process.kill(first, 'SIGKILL')
    await run.ready(2)
    assert.notEqual(pid(), first)
    assert.match(run.stderr(), /EKB_ERR_APP_ENDED: .*SIGKILL/)
    assert.deepEqual(ends(), [AGAIN])
    // Whether it is killed soon enough is for the machine to say: not each time, where it is busy.
    for (let runs = 2; ends().at(-1) === AGAIN && runs < 30; runs++) {
      await run.ready(runs)
      process.kill(pid(), 'SIGKILL')
      await waitUntil(() => ends().length === runs, {
        timeoutMs: 30_000,
        describe: () => `end ${runs}: ${run.stdout()}`,
      })
    }
    assert.equal(ends().at(-1), WAITS, run.stdout())
    await save(project, 'words.ts', words('second'))
    await greets(run, 'second')
    await stops(run)
  })
})
