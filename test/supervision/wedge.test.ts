import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

type Taker = { pid: number }
type Server = Awaited<ReturnType<typeof serveFixture>>

/** Longer than a busy machine lets a process that is well stand still. */
const LIVENESS_MS = 2_500
const FLAGS = ['--no-access-log', '--log-level', 'debug', '--set', `supervision.livenessTimeoutMs=${LIVENESS_MS}`]
const UNJUDGED = [...FLAGS, '--set', 'supervision.livenessTimeoutMs=0']
const TWO = ['--api-workers', '2', ...FLAGS]

const SET_CLOCK_BACK = fileURLToPath(new URL('../fixtures/set-clock-back.cjs', import.meta.url))

const WEDGED = 'a worker is wedged: its event loop does not turn'

function wedges(server: Server) {
  return logLines(server.stdout()).filter(({ msg }) => msg === WEDGED)
}

function wedgeOf(server: Server, pid: number) {
  return wedges(server).find(({ workerPid }) => workerPid === pid)
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
  const spinning = () => logLines(server.stdout()).filter(({ msg }) => msg === 'spinning')
  const before = spinning().length
  call(server.url, 'spin').catch(() => {})
  const { workerPid } = await waitUntil(() => spinning()[before], {
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
    let answers = 0
    while (wedgeOf(server, victim) === undefined) {
      const { body } = await call<Taker>(server.url, 'ping')
      assert.notEqual(body.pid, victim)
      answers++
    }
    assert.ok(answers > 3, `${answers} answers`)
    // As its supervisor saw it: while that stands still itself, nobody's silence counts.
    const { blockedMs } = wedgeOf(server, victim) ?? {}
    assert.ok(Number(blockedMs) >= LIVENESS_MS, `found after ${blockedMs} ms`)
    assert.ok(Number(blockedMs) <= LIVENESS_MS + 1_000, `found after ${blockedMs} ms`)
    await untilReady(server, 3)
    const death = await untilDead(server, victim)
    assert.match(String(death.exit), /^wedged: its event loop did not turn for \d+ ms$/)
    // Spawned before the wedged one was killed.
    const spawned = became(server, 'booting').at(-1)
    const killed = became(server, 'killing', victim).at(-1)
    assert.ok(Number(spawned?.time) <= Number(killed?.time))
    assert.equal(await server.stop(), 0)
  })

  it('says where it hangs in the log and in a private file, with the call', async () => {
    await using server = await serveFixture('wedges', TWO)
    await untilWatched(server, 2)
    let pid = await block(server)
    let line = await untilWedged(server, pid)
    // A busy machine may keep the watch thread from its answer until that is not waited for any more.
    for (let tries = 1; line.stack === undefined && tries <= 3; tries++) {
      await untilDead(server, pid)
      await untilWatched(server, 2 + tries)
      pid = await block(server)
      line = await untilWedged(server, pid)
    }
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

  for (const stage of ['BOOT', 'START'] as const) {
    it(`is no case for the liveness timeout while it ${stage === 'BOOT' ? 'is loaded' : 'starts'}`, async () => {
      const env = { [`BLOCK_${stage}_MS`]: String(2 * LIVENESS_MS + 500) }
      await using server = await serveFixture('wedges', FLAGS, { env })
      assert.equal((await call(server.url, 'ping')).status, 200)
      assert.deepEqual(wedges(server), [])
      assert.deepEqual(became(server, 'killing'), [])
      assert.equal(await server.stop(), 0)
    })
  }

  it('is left alone where the timeout is 0', async () => {
    await using server = await serveFixture('wedges', UNJUDGED)
    assert.equal((await call(server.url, 'spin', { ms: LIVENESS_MS + 500 })).status, 200)
    assert.deepEqual(became(server, 'killing'), [])
    assert.equal(await server.stop(), 0)
  })

  it('is left alone where an inspector may have stopped it', async () => {
    const inspected = ['--set', 'Wedges.nodeArgs=["--inspect=127.0.0.1:0"]']
    await using server = await serveFixture('wedges', [...FLAGS, ...inspected])
    assert.equal((await call(server.url, 'spin', { ms: 2 * LIVENESS_MS + 500 })).status, 200)
    assert.match(server.stderr(), /Debugger listening/)
    assert.deepEqual(wedges(server), [])
    assert.equal(await server.stop(), 0)
  })

  it('is found by a clock that never steps, also when the time of the machine is set back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
    try {
      const env = { NODE_OPTIONS: `--require=${SET_CLOCK_BACK}`, CLOCK_SET_BACK: join(folder, 'back') }
      await using server = await serveFixture('wedges', TWO, { env })
      await untilWatched(server, 2)
      await writeFile(env.CLOCK_SET_BACK, '')
      const victim = await block(server)
      const wedge = await untilWedged(server, victim)
      const [first] = logLines(server.stdout())
      assert.ok(Number(wedge.time) < Number(first?.time), 'the time was not set back')
      assert.ok(Number(wedge.blockedMs) >= LIVENESS_MS && Number(wedge.blockedMs) < 10 * LIVENESS_MS)
      await untilDead(server, victim)
      await untilReady(server, 3)
      assert.equal(await server.stop(), 0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('is left alone when it comes back in time', async () => {
    await using server = await serveFixture('wedges', FLAGS)
    for (let round = 0; round < 3; round++) {
      assert.equal((await call(server.url, 'spin', { ms: LIVENESS_MS / 2 })).status, 200)
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
    await waitUntil(() => !isThere(pid), { describe: 'the orphan to be gone' })
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
    await sleep(LIVENESS_MS / 2)
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
      process.kill(server.pid, 'SIGCONT')
      // It has looked at its workers some times when they go on.
      if (withWorkers) await sleep(LIVENESS_MS / 4)
      for (const pid of suspended) process.kill(pid, 'SIGCONT')
      await sleep(LIVENESS_MS)
      assert.deepEqual(wedges(server), [])
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
