import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Pool } from 'undici'
import { call, failFixture, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const run = promisify(execFile)

async function environmentOf(pid: number): Promise<Record<string, string>> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8')
  const pairs = text.split('\0').filter((line) => line !== '')
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

const pidOf = async (url: string): Promise<number> => (await call<{ worker: number }>(url, 'pids')).body.worker

/** What the tests' own helpers need beside. */
const NEEDED = 'EKIBEN_TEST_MARK'
const OURS = ['EKIBEN_INSTANCE', 'EKIBEN_SERVICE', 'EKIBEN_SLOT', 'EKIBEN_GENERATION', 'NODE_APP_INSTANCE']

describe('a descriptor of ours', () => {
  for (const detached of [false, true]) {
    it(`is not handed to what a worker starts${detached ? ' in a session of its own' : ''}`, async () => {
      await using server = await serveFixture('grandchildren:Parent')
      const { body } = await call<{ own: string[]; child: string[] }>(server.url, 'descriptors', { detached })
      const ours = body.own.filter((target) => target.startsWith('socket:'))
      // The public socket, the channel and the connection that asked, at the least.
      assert.ok(ours.length >= 3, body.own.join('\n'))
      const stdio = body.own.slice(0, 3)
      const leaked = body.child.filter((target) => ours.includes(target) && !stdio.includes(target))
      assert.deepEqual(leaked, [])
      assert.equal(await server.stop(), 0)
    })
  }
})

describe('the environment of a worker', () => {
  const env = { LISTEN_FDS: '0', LISTEN_PID: '1', NOTIFY_SOCKET: '', WATCHDOG_USEC: '', A_SECRET: 'x', MODEL_A: 'a' }

  it('has nothing that is meant for the supervisor', async () => {
    await using server = await serveFixture('grandchildren:Parent', [], { env })
    const found = await environmentOf(await pidOf(server.url))
    for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'NOTIFY_SOCKET', 'WATCHDOG_USEC']) assert.ok(!(name in found), name)
    assert.equal(found.A_SECRET, 'x')
    assert.equal(await server.stop(), 0)
  })

  it('holds what is allowed, and what every program needs', async () => {
    const flags = ['--env-allow', `MODEL_*,${NEEDED}`]
    await using server = await serveFixture('grandchildren:Parent', flags, { env: { ...env, LC_TIME: 'C', TZ: 'UTC' } })
    const found = await environmentOf(await pidOf(server.url))
    const { PATH, HOME, NODE_ENV, LANG, TMPDIR, ...rest } = found
    assert.equal(PATH, process.env.PATH)
    const expected = ['EKIBEN_WORKER_TOKEN', 'LC_TIME', 'MODEL_A', 'NODE_CHANNEL_FD', NEEDED, 'TZ', ...OURS]
    assert.deepEqual(
      Object.keys(rest)
        .filter((name) => !name.startsWith('NODE_CHANNEL_'))
        .sort(),
      expected.filter((name) => !name.startsWith('NODE_CHANNEL_')).sort(),
    )
    assert.equal(await server.stop(), 0)
  })

  it('is narrowed for one service alone by its own list', async () => {
    const flags = ['--set', `Parent.envAllow=${NEEDED}`]
    await using server = await serveFixture('grandchildren:Parent', flags, { env })
    const found = await environmentOf(await pidOf(server.url))
    assert.ok(!('A_SECRET' in found) && !('MODEL_A' in found))
    assert.equal(await server.stop(), 0)
  })

  it('refuses a list that makes no sense', async () => {
    const { code, stderr } = await failFixture('grandchildren:Parent', ['--env-allow', 'A=B'])
    assert.equal(code, 2)
    assert.match(stderr, /EKB_ERR_CONFIG_INVALID[\s\S]*--env-allow/)
  })
})

const limitFiles = (pid: number, count: number) => run('prlimit', [`--pid=${pid}`, `--nofile=${count}:4096`])

describe('without a descriptor left', () => {
  it('a worker serves on once some are free, and says so once', async (t) => {
    if (process.platform !== 'linux') return t.skip('prlimit is of Linux')
    await using server = await serveFixture('hoards-descriptors:Hoarder', ['--timeout-keep-alive', '60'])
    const worker = (await call<number>(server.url, 'pid')).body
    const kept = new Pool(server.url, { connections: 1 })
    const ask = async (api: string): Promise<unknown> => {
      const { body } = await kept.request({ path: `/${api}`, method: 'POST' })
      return body.text()
    }
    await ask('pid')
    await limitFiles(worker, 64)
    assert.equal(await ask('hoard'), 'EMFILE')
    const said = () => logLines(server.stdout()).filter(({ msg }) => msg?.startsWith('out of file descriptors'))
    await waitUntil(() => said().length > 0, { describe: () => server.stdout() })
    await assert.rejects(call(server.url, 'pid'))
    await ask('free')
    await kept.close()
    assert.equal((await call<number>(server.url, 'pid')).body, worker)
    await waitUntil(() => /file descriptors are free again/.test(server.stdout()))
    assert.equal(said().length, 1)
    assert.equal(await server.stop(), 0)
  })

  it('a supervisor goes on trying to start workers', async (t) => {
    if (process.platform !== 'linux') return t.skip('prlimit is of Linux')
    await using server = await serveFixture('grandchildren:Parent')
    const worker = await pidOf(server.url)
    await limitFiles(server.pid, 5)
    process.kill(worker, 'SIGKILL')
    const deaths = () => logLines(server.stdout()).filter(({ msg }) => msg === 'worker died')
    await waitUntil(() => deaths().length >= 3, { describe: () => server.stdout() })
    assert.match(String(deaths()[1]?.exit), /could not be started.*(EMFILE|ENFILE)/)
    await limitFiles(server.pid, 4096)
    assert.equal((await call(server.url, 'pids')).status, 200)
    assert.equal(await server.stop(), 0)
  })
})
