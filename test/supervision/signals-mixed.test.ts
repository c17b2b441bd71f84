import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { assertNoLeftovers } from '../helpers/no-leftovers.js'
import { seededRandom } from '../helpers/seeded-random.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const IGNORED = ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const
const TO_WORKERS = [...IGNORED, 'SIGTERM', 'SIGQUIT', 'SIGCONT', 'SIGURG'] as const
const TO_SUPERVISOR = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGTTIN', 'SIGTTOU', 'SIGCONT', 'SIGURG'] as const
const INSPECTOR_PORT = 9229

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // A worker that has left meanwhile.
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH')
  }
}

/** The workers that have become ready and are not gone, by what the log says. */
function workersOf(server: ServingCommand): number[] {
  const lines = logLines(server.stdout()).filter(({ msg }) => msg === 'worker state')
  const gone = new Set(lines.filter(({ to }) => to === 'exited').map(({ workerPid }) => workerPid))
  const pids = lines.filter(({ to }) => to === 'ready').map(({ workerPid }) => Number(workerPid))
  return [...new Set(pids)].filter((pid) => !gone.has(pid))
}

const pidOf = async (server: ServingCommand): Promise<number> =>
  (await call<{ pid: number }>(server.url, 'alone')).body.pid

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(false)).once('error', () => resolve(true))
    socket.once('close', () => socket.destroy())
    socket.unref()
  })
}

describe('signals to a worker', () => {
  it('that are not for it do nothing, and open no inspector', async () => {
    await using server = await serveFixture('chain:Front', ['--no-access-log'])
    const worker = await pidOf(server)
    for (const signal of IGNORED) send(worker, signal)
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) send(server.pid, signal)
    assert.equal(await pidOf(server), worker)
    assert.ok(await isRefused(INSPECTOR_PORT))
    assert.doesNotMatch(server.stderr(), /Debugger/)
    assert.equal(await server.stop(), 0)
  })

  it('QUIT: it is gone soon, whatever it does, and replaced', async () => {
    await using server = await serveFixture('chain:Front', ['--no-access-log', '--log-level', 'debug'])
    const worker = await pidOf(server)
    const endless = call(server.url, 'alone', { ms: 60_000 }).catch(() => 'cut')
    await call(server.url, 'work')
    send(worker, 'SIGQUIT')
    // Long before what it does would end.
    await waitUntil(() => !workersOf(server).includes(worker), { timeoutMs: 20_000, describe: () => server.stdout() })
    assert.equal(await endless, 'cut')
    assert.notEqual(await pidOf(server), worker)
    // 7 tells of the request that was cut.
    assert.ok([0, 7].includes((await server.stop()) ?? -1))
  })
})

describe('signals in any order, to supervisor and workers at once', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it(`leave nothing behind, and what the last TERM says is the end: seed ${seed}`, async () => {
      const random = seededRandom(seed)
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
      const flags = ['--api-workers', '2', '--no-access-log', '--log-level', 'debug', '--set', 'restart.initialMs=10']
      await using server = await serveFixture('chain:Front', flags)
      for (let round = 0; round < 40; round++) {
        const workers = workersOf(server)
        if (random() < 0.5 || workers.length === 0) send(server.pid, pick(TO_SUPERVISOR))
        else send(pick(workers), pick(TO_WORKERS))
        // Some come in one burst, some after the last has been seen.
        if (random() < 0.3) await call(server.url, 'alone').catch(() => {})
      }
      // The last that was sent may take effect while it is asked.
      await waitUntil(async () => (await call(server.url, 'alone')).status === 200, { describe: server.stdout })
      const again = seed % 2 === 0
      for (const pid of workersOf(server)) send(pid, pick(TO_WORKERS))
      server.kill('SIGTERM')
      if (again) server.kill('SIGTERM')
      const { code } = await server.exited
      // What had not yet drained when a QUIT or a second TERM came may have been cut.
      assert.ok([0, 7, ...(again ? [143] : [])].includes(code ?? -1), `${code}\n${server.stdout()}`)
      assert.doesNotMatch(server.stderr(), /Debugger/)
      await assertNoLeftovers({ mark: server.mark, folders: [server.runtimeDir] })
    })
  }
})
