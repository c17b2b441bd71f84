import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

type Taker = { pid: number }
type Server = Awaited<ReturnType<typeof serveFixture>>

const LIVENESS_MS = 1_000
const FLAGS = ['--no-access-log', '--log-level', 'debug', '--set', `supervision.livenessTimeoutMs=${LIVENESS_MS}`]
const UNJUDGED = [...FLAGS, '--set', 'supervision.livenessTimeoutMs=0']
const TWO = ['--api-workers', '2', ...FLAGS]

const WEDGED = 'a worker is wedged: its event loop does not turn'

function wedgeOf(server: Server, pid: number) {
  return logLines(server.stdout()).find(({ msg, workerPid }) => msg === WEDGED && workerPid === pid)
}

function deathOf(server: Server, pid: number) {
  return logLines(server.stdout()).find(({ msg, workerPid }) => msg === 'worker died' && workerPid === pid)
}

const became = (server: Server, state: string, pid?: number) =>
  logLines(server.stdout()).filter(({ to, workerPid }) => to === state && (pid === undefined || workerPid === pid))

function untilDead(server: Server, pid: number) {
  return waitUntil(() => deathOf(server, pid), { describe: () => `the death of ${pid}:\n${server.stdout()}` })
}

function untilReady(server: Server, count: number) {
  return waitUntil(() => became(server, 'ready').length >= count, {
    describe: () => `${count} workers to have become ready:\n${server.stdout()}`,
  })
}

/** The watch threads start a moment after their workers are ready. */
function untilWatched(server: Server, count: number) {
  const online = () => logLines(server.stdout()).filter(({ msg }) => msg === 'watch thread is online')
  return waitUntil(() => online().length >= count, { describe: () => `${count} watch threads:\n${server.stdout()}` })
}

/** Blocks the worker that takes the call; resolves with its pid once it is blocked. */
async function block(server: Server): Promise<number> {
  call(server.url, 'spin').catch(() => {})
  const { workerPid } = await waitUntil(() => logLines(server.stdout()).find(({ msg }) => msg === 'spinning'), {
    describe: () => `a worker that spins:\n${server.stdout()}`,
  })
  return Number(workerPid)
}

function untilWedged(server: Server, pid: number) {
  return waitUntil(() => wedgeOf(server, pid), { describe: () => `a wedge:\n${server.stdout()}` })
}

describe('a worker whose event loop is blocked', () => {
  it('is replaced within the liveness timeout and a second, others answering meanwhile', async () => {
    await using server = await serveFixture('wedges', TWO)
    await untilWatched(server, 2)
    const victim = await block(server)
    const blockedAt = performance.now()
    const answers: number[] = []
    while (wedgeOf(server, victim) === undefined) {
      const before = performance.now()
      const { body } = await call<Taker>(server.url, 'ping')
      assert.notEqual(body.pid, victim)
      answers.push(performance.now() - before)
    }
    // Nobody saw the block begin to the millisecond.
    const foundAfterMs = performance.now() - blockedAt + 50
    assert.ok(foundAfterMs >= LIVENESS_MS, `found after ${foundAfterMs} ms`)
    assert.ok(foundAfterMs <= LIVENESS_MS + 1_050, `found after ${foundAfterMs} ms`)
    await untilReady(server, 3)
    const death = await untilDead(server, victim)
    assert.match(String(death.exit), /^wedged: its event loop did not turn for \d+ ms$/)
    // Spawned before the wedged one was killed.
    const spawned = became(server, 'booting').at(-1)
    const killed = became(server, 'killing', victim).at(-1)
    assert.ok(Number(spawned?.time) <= Number(killed?.time))
    assert.ok(!answers.some((ms) => ms > 1_000), `slowest ping: ${Math.max(...answers)} ms`)
    assert.equal(await server.stop(), 0)
  })

  it('says where it hangs in the log and in a private file, with the call', async () => {
    await using server = await serveFixture('wedges', TWO)
    await untilWatched(server, 2)
    const pid = await block(server)
    const line = await untilWedged(server, pid)
    assert.match(String(line?.stack), /^spinFor \(.*wedges\.mjs:\d+:\d+\) < Wedges\.spin /)
    assert.match(String(line?.dump), /\/dumps\/[^/]+-Wedges-\d-\d+\.json$/)
    const dump = JSON.parse(await readFile(String(line?.dump), 'utf8'))
    assert.equal(dump.reason, 'wedged')
    assert.equal(dump.calls.length, 1)
    assert.equal(dump.calls[0].api, 'spin')
    assert.ok(dump.calls[0].ageMs >= LIVENESS_MS)
    assert.match(dump.calls[0].requestId, /./)
    assert.ok(dump.handles.TCPServerWrap >= 1 || dump.handles.PipeWrap >= 1, JSON.stringify(dump.handles))
    assert.ok(dump.heap.used_heap_size > 0)
    await untilDead(server, pid)
    assert.equal(server.stderr(), '')
    assert.equal(await server.stop(), 0)
  })

  it('is no case for the liveness timeout while it boots', async () => {
    const env = { BLOCK_BOOT_MS: String(2 * LIVENESS_MS + 500) }
    await using server = await serveFixture('wedges', FLAGS, { env })
    assert.equal((await call(server.url, 'ping')).status, 200)
    assert.deepEqual(became(server, 'killing'), [])
    assert.equal(await server.stop(), 0)
  })

  it('is left alone where the timeout is 0', async () => {
    await using server = await serveFixture('wedges', UNJUDGED)
    assert.equal((await call(server.url, 'spin', { ms: 2_500 })).status, 200)
    assert.deepEqual(became(server, 'killing'), [])
    assert.equal(await server.stop(), 0)
  })

  it('is left alone when it comes back in time', async () => {
    await using server = await serveFixture('wedges', FLAGS)
    for (let round = 0; round < 3; round++) {
      assert.equal((await call(server.url, 'spin', { ms: LIVENESS_MS - 200 })).status, 200)
    }
    assert.deepEqual(became(server, 'killing'), [])
    assert.equal(await server.stop(), 0)
  })

  it('does not outlive its supervisor for long', async () => {
    const server = await serveFixture('wedges', UNJUDGED)
    await untilWatched(server, 1)
    const pid = await block(server)
    server.kill('SIGKILL')
    await server.exited
    await waitUntil(() => !isThere(pid), { timeoutMs: 15_000, describe: 'the orphan to be gone' })
    await server[Symbol.asyncDispose]()
  })
})

describe('a worker that is stopped', () => {
  it('is replaced', async () => {
    await using server = await serveFixture('wedges', TWO)
    const { pid } = (await call<Taker>(server.url, 'ping')).body
    process.kill(pid, 'SIGSTOP')
    const death = await untilDead(server, pid)
    assert.match(String(death.exit), /^wedged: /)
    assert.match(String(wedgeOf(server, pid)?.note), /stopped by a signal/)
    await untilReady(server, 3)
    assert.equal(await server.stop(), 0)
  })

  it('is left alone when it is continued in time', async () => {
    await using server = await serveFixture('wedges', FLAGS)
    const { pid } = (await call<Taker>(server.url, 'ping')).body
    process.kill(pid, 'SIGSTOP')
    await sleep(LIVENESS_MS - 200)
    process.kill(pid, 'SIGCONT')
    // Had its silence been taken for a wedge, it would end within this time.
    await sleep(LIVENESS_MS)
    assert.equal((await call<Taker>(server.url, 'ping')).body.pid, pid)
    assert.deepEqual(became(server, 'killing'), [])
    assert.equal(await server.stop(), 0)
  })
})

describe('a supervisor that was suspended', () => {
  for (const [who, withWorkers] of [
    ['alone', false],
    ['with its workers', true],
  ] as const) {
    it(`kills nobody for it: ${who}`, async () => {
      await using server = await serveFixture('wedges', TWO)
      const pids = became(server, 'ready').map(({ workerPid }) => Number(workerPid))
      const suspended = withWorkers ? [...pids, server.pid] : [server.pid]
      for (const pid of suspended) process.kill(pid, 'SIGSTOP')
      await sleep(2 * LIVENESS_MS + 500)
      // The supervisor first: its workers are silent for a moment longer.
      for (const pid of suspended.reverse()) process.kill(pid, 'SIGCONT')
      await sleep(LIVENESS_MS)
      assert.deepEqual(became(server, 'killing'), [])
      for (const pid of pids) assert.ok(isThere(pid))
      assert.equal(await server.stop(), 0)
    })
  }
})

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
