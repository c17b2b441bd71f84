import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { cannotActAsOthers } from '../helpers/act-as-others.js'
import { appProject, mainFile } from '../helpers/bootstrap-app.js'
import { askSocket, shownBy } from '../helpers/control-socket.js'
import { projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

describe('an app that is run', () => {
  const plain = `require('node:http').createServer((_, res) => res.end(JSON.stringify(process.env))).listen(process.env.PORT)`
  const LOCAL = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']

  /** `ekiben run plain.cjs` in a folder of its own. */
  async function runPlain(flags: readonly string[], options: { readonly env?: Record<string, string> } = {}) {
    const project = await projectFolder({ 'package.json': { name: 'shop' }, 'plain.cjs': plain })
    // Others may read it.
    await chmod(project.path, 0o755)
    const run = await startServing([EKIBEN, 'run', 'plain.cjs', ...LOCAL, ...flags], { cwd: project.path, ...options })
    const dispose = async () => {
      await run[Symbol.asyncDispose]()
      await project[Symbol.asyncDispose]()
    }
    return { run, project, [Symbol.asyncDispose]: dispose }
  }
  const environmentOf = async (url: string) => (await (await fetch(url)).json()) as Record<string, string>

  it('runs an app from another folder', async () => {
    await using project = await projectFolder({ 'package.json': { name: 'shop' }, 'plain.cjs': plain })
    const args = [EKIBEN, 'run', 'plain.cjs', '--working-dir', project.path, ...LOCAL]
    await using run = await startServing(args, {})
    assert.equal((await environmentOf(run.url)).EKIBEN_SERVICE, 'shop')
    assert.equal(await run.stop(), 0)
  })

  it('reads a file for an app, and what is set beside it', async () => {
    await using project = await projectFolder({
      'package.json': { name: 'shop' },
      'plain.cjs': plain,
      'other.json': { apiWorkers: 2 },
    })
    const flags = ['--config', 'other.json', '--set', 'minReadyMs=50', '--set', 'name=kiosk']
    await using run = await startServing([EKIBEN, 'run', 'plain.cjs', ...LOCAL, ...flags], { cwd: project.path })
    const [instance] = await shownBy(run)
    assert.deepEqual([instance?.services[0]?.name, instance?.services[0]?.target], ['kiosk', 2])
    assert.equal(await run.stop(), 0)
  })

  it('has workers of another user and group, with what they may inherit', async (t) => {
    if (cannotActAsOthers(t)) return
    const flags = ['--user', '65001', '--group', '65002', '--env-allow', 'SEEN,EKIBEN_TEST_MARK']
    await using started = await runPlain(flags, { env: { SEEN: 'yes', HIDDEN: 'yes' } })
    const { run } = started
    const { SEEN, HIDDEN } = await environmentOf(run.url)
    assert.deepEqual([SEEN, HIDDEN], ['yes', undefined])
    const pid = (await shownBy(run))[0]?.services[0]?.workers[0]?.pid
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    assert.match(status, /^Uid:\s+65001/m)
    assert.match(status, /^Gid:\s+65002/m)
    assert.equal(await run.stop(), 0)
  })

  it('has a pidfile and an admin address', async () => {
    await using at = await socketFolder()
    await using started = await runPlain(['--pidfile', `${at.path}/pid`, '--admin', at.socket])
    assert.equal(Number(readFileSync(`${at.path}/pid`, 'utf8')), started.run.pid)
    const ready = await askSocket(at.socket, '/readyz')
    assert.equal(ready.status, 200)
    assert.equal(await started.run.stop(), 0)
  })

  it('cuts what is not answered when its time is up, and exits 7', async () => {
    const args = [EKIBEN, 'run', 'test/fixtures/apps/plain.cjs', ...LOCAL, '--timeout-graceful-shutdown', '0.5']
    await using run = await startServing(args, {})
    const answer = fetch(`${run.url}/slow?ms=60000`).catch(() => 'cut')
    await waitUntil(() => run.stdout().includes('"asked"'))
    assert.equal(await run.stop(), 7)
    assert.equal(await answer, 'cut')
  })

  for (const [way, args, options] of [
    ['ekiben run', [EKIBEN, 'run', 'main.js', ...LOCAL], '{ port: undefined, host: undefined }'],
    ['bootstrapProduction', ['main.js'], '{ readEnvironment: true, config: true, apiWorkers: 2 }'],
  ] as const) {
    it(`calls threads, as many as are asked for, and is told that it is none itself: ${way}`, async () => {
      const calls = '({ client }) => { const echo = client(Echo); return async (_, res) => res.end(echo.name) }'
      const main = mainFile(calls, { imports: "import { Echo } from './services.js'", options })
      await using project = await appProject(main)
      await writeFile(`${project.path}/ekiben.config.json`, JSON.stringify({ threaded: true, apiWorkers: 2 }))
      const env = { NODE_ENV: 'production', EKIBEN_WORKERS: 'Echo=2' }
      await using run = await startServing(args, { cwd: project.path, env })
      const [{ services } = { services: [] }] = await shownBy(run)
      const threads = services.map(({ name, workers }) => [
        name,
        ...workers.map(({ threadId }) => threadId !== undefined),
      ])
      assert.deepEqual(threads, [
        ['Echo', true, true],
        ['shop', false, false],
      ])
      const warnings = logLines(run.stdout()).filter(({ code }) => code === 'EKB_WRN_PLAN_THREADS_APP')
      assert.equal(warnings.length, 1)
      assert.equal(await run.stop(), 0)
    })
  }

  it('shows the plan of an app and what it calls, where each value comes from, and binds nothing', async () => {
    const calls = `async ({ client }) => {
      const echo = client(Echo)
      return createServer(async (_, res) => res.end(JSON.stringify(await echo.say({ text: 'a' }))))
    }`
    const imports = "import { Echo } from './services.js'"
    await using project = await appProject(
      mainFile(calls, { imports, options: '{ port: undefined, host: undefined }' }),
    )
    const args = [EKIBEN, 'run', 'main.js', '--api-workers', '2', '--dry-run', '--explain']
    const { code, stdout, stderr } = await runNodeToEnd(args, { cwd: project.path, env: { PORT: undefined } })
    assert.equal(code, 0, stderr)
    const { services, settings, address } = JSON.parse(stdout)
    assert.deepEqual(
      services.map(({ name, workers }: { name: string; workers: number }) => [name, workers]),
      [
        ['Echo', 1],
        ['shop', 2],
      ],
    )
    assert.deepEqual(settings.apiWorkers, { value: 2, source: 'flag --api-workers' })
    assert.deepEqual(settings.backlog, { value: 2048, source: 'default' })
    assert.deepEqual(address, { host: null, port: null, backlog: 2048 })
    for (const key of ['port', 'host', 'timeoutKeepAliveMs']) {
      assert.deepEqual(settings[key], { value: null, source: "the app's own" }, key)
    }
    const useless = ['accessLog', 'timeoutMs', 'prefix', 'systemRoutes', 'trustProxy', 'cors', 'only', 'depends']
    assert.deepEqual(
      useless.filter((key) => key in settings),
      [],
    )
  })

  for (const [flags, expected] of [
    [['--port', '0'], { host: '0.0.0.0', port: 0, backlog: 2048 }],
    [['--port', '3456'], { host: null, port: 3456, backlog: 2048 }],
    [['--uds', '/tmp/shop.sock'], { uds: '/tmp/shop.sock', mode: '660', backlog: 2048 }],
  ] as const) {
    it(`shows the plan of an app that listens where PORT says, which listens nowhere: ${flags.join(' ')}`, async () => {
      const args = [EKIBEN, 'run', 'test/fixtures/apps/plain.cjs', ...flags, '--dry-run']
      const { code, stdout, stderr } = await runNodeToEnd(args, { env: { PORT: undefined } })
      assert.equal(code, 0, stderr)
      assert.deepEqual(JSON.parse(stdout).address, expected)
      assert.doesNotMatch(stderr, /listening/)
    })
  }
})

for (const [what, args] of [
  ['a service', ['serve', 'says-who-calls']],
  ['an app', ['run', '../apps/plain.cjs']],
] as const) {
  describe(`${what}, as it shows itself`, () => {
    const options = { cwd: 'test/fixtures/services' }
    const local = ['--port', '0', '--host', '127.0.0.1']

    it('goes by the name that it was given, or by that of its instance', async () => {
      for (const [flags, expected] of [
        [['--name', 'shop'], 'shop'],
        [['--name', 'shop', '--instance', 'shop-a'], 'shop-a'],
      ] as const) {
        await using run = await startServing([EKIBEN, ...args, ...local, ...flags, '--log-format', 'json'], options)
        assert.deepEqual(
          (await shownBy(run)).map(({ instance }) => instance),
          [expected],
        )
        assert.equal(await run.stop(), 0)
      }
    })

    it('writes as it is told: for people or machines, and from which level on', async () => {
      const urlOf = (line: string) => /ready.*(http:\/\/[\d.]+:\d+)/.exec(line)?.[1]
      const pretty = [EKIBEN, ...args, ...local, '--log-format', 'pretty', '--log-level', 'debug']
      await using run = await startServing(pretty, { ...options, urlOf })
      assert.ok(logLines(run.stdout()).every(({ msg }) => msg === undefined))
      assert.match(run.stdout(), /instance state/)
      assert.equal(await run.stop(), 0)
      await using json = await startServing([EKIBEN, ...args, ...local, '--log-format', 'json'], options)
      assert.ok(logLines(json.stdout()).every(({ level }) => level !== 'debug'))
      assert.equal(await json.stop(), 0)
    })
  })
}
