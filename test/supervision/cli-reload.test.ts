import assert from 'node:assert/strict'
import { realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { shownBy, steer } from '../helpers/control-socket.js'
import { releaseProject } from '../helpers/release-project.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

/** Writes the configuration of a project, by which new code proves itself soon. */
const configureIn =
  ({ path }: { readonly path: string }) =>
  (config: object): Promise<void> =>
    writeFile(join(path, 'ekiben.config.json'), JSON.stringify({ supervision: { minReadyMs: 50 }, ...config }))

describe('ekiben reload', () => {
  const FLAGS = ['--set', 'minReadyMs=50', '--workers', 'Back=2']

  it('takes new code into service, and says what runs since', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveFixture('service:Front', FLAGS, { cwd: project.path })
    await project.deploy({ version: 'two' })
    const { code, stdout, stderr } = await steer(server, ['reload'])
    assert.deepEqual([code, stderr], [0, ''])
    assert.ok(/^Front reloaded: generation 1 -> 2 \(.*\)\n$/.test(stdout), stdout)
    assert.equal((await call<{ version: string }>(server.url, 'who')).body.version, 'two')
    const [shown] = await shownBy(server)
    assert.deepEqual(
      [shown?.lastReload?.result, shown?.lastReload?.from.generation, shown?.lastReload?.to?.generation],
      ['done', 1, 2],
    )
    assert.ok(Date.now() - Date.parse(shown?.lastReload?.at ?? '') < 60_000)
    assert.equal(shown?.lastReload?.to?.workingDir, await realpath(project.path))
    assert.equal(await server.stop(), 0)
  })

  it('exits 1 with the reason and what the worker said, when it was refused', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveFixture('service:Front', FLAGS, { cwd: project.path })
    await project.deploy({ version: 'two', onFrontStart: "console.error('last words'); throw new Error('no start')" })
    const { code, stdout, stderr } = await steer(server, ['reload'])
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /^EKB_ERR_RELOAD_REFUSED: .*no start.*\n {2}hint: .*1/)
    assert.match(stderr, /Last output of the worker:[\s\S]*last words/)
    assert.equal((await call<{ version: string }>(server.url, 'who')).body.version, 'one')
    const [shown] = await shownBy(server)
    assert.deepEqual([shown?.state, shown?.lastReload?.result], ['running', 'refused'])
    assert.match(shown?.lastReload?.reason ?? '', /no start/)
    assert.match((await steer(server, ['ps'])).stdout, /^last reload: refused .*no start/m)
    assert.equal(await server.stop(), 0)
  })

  it('reads the configuration again, and says what of it waits for a restart', async () => {
    await using project = await releaseProject({ version: 'one' })
    const configure = configureIn(project)
    await configure({ backlog: 100, workers: { Back: 1 } })
    await using server = await serveFixture('service:Front', [], { cwd: project.path })
    await configure({ backlog: 200, workers: { Back: 2 } })
    const { code, stderr } = await steer(server, ['reload'])
    assert.deepEqual([code, stderr], [0, ''])
    const [shown] = await shownBy(server)
    assert.equal(shown?.services.find(({ name }) => name === 'Back')?.target, 2)
    const warning = logLines(server.stdout()).find(({ level }) => level === 'warn')
    assert.match(String(warning?.msg), /a reload cannot change these settings/)
    assert.deepEqual(warning?.changed, ['backlog'])
    assert.equal(await server.stop(), 0)
  })

  it('serves with what it reads, but for what is of the start alone', async () => {
    await using project = await releaseProject({ version: 'one' })
    const configure = configureIn(project)
    await configure({ timeoutKeepAlive: 7, accessLog: true, timeoutGracefulShutdown: 60 })
    await using server = await serveFixture('service:Front', [], { cwd: project.path })
    const ask = async () => {
      const { status, headers } = await fetch(`${server.url}/who`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      return [status, headers.get('keep-alive')]
    }
    const logged = () => logLines(server.stdout()).filter(({ msg }) => msg === 'request')
    assert.deepEqual(await ask(), [200, 'timeout=7'])
    await waitUntil(() => logged().length === 1, { describe: () => server.stdout() })
    const fixed = { admin: join(project.path, 'admin'), pidfile: join(project.path, 'pid'), logLevel: 'debug' }
    await configure({ timeoutKeepAlive: 9, accessLog: false, timeoutGracefulShutdown: 0.3, ...fixed })
    assert.equal((await steer(server, ['reload'])).code, 0)
    // The old worker gives back a connection that it had with its answer.
    await waitUntil(async () => (await ask())[1] === 'timeout=9')
    const warning = logLines(server.stdout()).find(({ level }) => level === 'warn')
    assert.deepEqual(warning?.changed, ['pidfile', 'admin', 'logLevel'])
    assert.equal((await fetch(`${server.url}/metrics`)).status, 200)
    const cut = call(server.url, 'who', { ms: 600_000 }).catch(() => 'cut')
    await waitUntil(async () =>
      (await shownBy(server))[0]?.services.some(({ workers }) => workers.some(({ inFlight }) => (inFlight ?? 0) > 0)),
    )
    assert.equal(await server.stop(), 7, server.stdout())
    assert.equal(await cut, 'cut')
    assert.equal(new Set(logged().map(({ pid }) => pid)).size, 1, server.stdout())
  })

  it('is given up when the instance is stopped meanwhile', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveFixture('service:Front', FLAGS, { cwd: project.path })
    await project.deploy({ version: 'two', onBackStart: 'await new Promise(() => {})' })
    const reloading = steer(server, ['reload'])
    await waitUntil(() => logLines(server.stdout()).some(({ msg }) => msg === 'reloading'), { describe: 'the reload' })
    assert.equal((await steer(server, ['stop'])).code, 0)
    const { code, stderr } = await reloading
    assert.equal(code, 1)
    assert.match(stderr, /^EKB_ERR_(RELOAD|INSTANCE)_STOPPED: /)
    assert.equal((await server.exited).code, 0)
  })
})

describe('ekiben restart', () => {
  it('replaces the workers of a service, or the one in a slot, and leaves the rest', async () => {
    await using server = await serveFixture('chain:Front', ['--set', 'minReadyMs=50'])
    const pids = async (): Promise<Map<string, number | null>> => {
      const [shown] = await shownBy(server)
      const ready = (shown?.services ?? []).flatMap(({ name, workers }) =>
        workers.filter(({ state }) => state === 'ready').map(({ slot, pid }) => [`${name}/${slot}`, pid] as const),
      )
      return new Map(ready)
    }
    const changed = (one: Map<string, number | null>, other: Map<string, number | null>) =>
      [...one.keys()].filter((key) => one.get(key) !== other.get(key))
    const before = await pids()
    const one = await steer(server, ['restart', 'Back/1'])
    assert.deepEqual([one.code, one.stdout], [0, 'Back/1 restarted\n'], one.stderr)
    const between = await pids()
    assert.deepEqual(changed(before, between), ['Back/1'])
    const all = await steer(server, ['restart', 'Back'])
    assert.deepEqual([all.code, all.stdout], [0, 'Back restarted\n'], all.stderr)
    assert.deepEqual(changed(between, await pids()), ['Back/0', 'Back/1'])
    for (const [target, expected] of [
      ['Back/7', /^EKB_ERR_CONFIG_INVALID: .*'slot'/],
      ['Bakc', /^EKB_ERR_SERVICE_UNKNOWN: .*'Bakc'.*\n.*Did you mean Back\?/],
    ] as const) {
      const { code, stderr } = await steer(server, ['restart', target])
      assert.equal(code, 2)
      assert.match(stderr, expected)
    }
    assert.equal((await call(server.url, 'work')).status, 200)
    assert.equal(await server.stop(), 0)
  })
})
