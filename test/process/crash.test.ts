import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { Pool } from 'undici'
import { markedProcesses } from '../helpers/no-leftovers.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

type Taker = { service: string; pid: number }

/** Sends requests, so many at a time, until `stop` is called; resolves with what became of each. */
function load(url: string, route: string, width: number): { stop: () => Promise<{ ok: number; failed: string[] }> } {
  let going = true
  const outcome = { ok: 0, failed: [] as string[] }
  const pool = new Pool(url, { connections: width, pipelining: 1 })
  const body = JSON.stringify({ ms: 5 })
  const headers = { 'content-type': 'application/json' }
  const client = async (): Promise<void> => {
    while (going) {
      try {
        const answer = await pool.request({ path: `/${route}`, method: 'POST', headers, body })
        const text = await answer.body.text()
        if (answer.statusCode === 200) outcome.ok++
        else outcome.failed.push(`${answer.statusCode} ${text}`)
      } catch (error) {
        outcome.failed.push(String(error))
      }
    }
  }
  const clients = Array.from({ length: width }, client)
  return {
    stop: async () => {
      going = false
      await Promise.all(clients)
      await pool.close()
      return outcome
    },
  }
}

const WATCHED = ['--no-access-log', '--log-level', 'debug']

/** The pids of the workers of a service that became ready, in that order, once there are so many. */
function untilReady(server: { stdout: () => string }, service: string, count: number): Promise<unknown[]> {
  return waitUntil(
    () => {
      const ready = logLines(server.stdout()).filter((line) => line.service === service && line.to === 'ready')
      return ready.length >= count ? ready.map((line) => line.workerPid) : undefined
    },
    { timeoutMs: 60_000, describe: () => `${count} workers of ${service}:\n${server.stdout()}` },
  )
}

describe('a worker that dies', () => {
  it('takes only its own requests with it when it is an entry worker, and is replaced', async () => {
    await using server = await serveFixture('chain:Front', ['--api-workers', '2', ...WATCHED])
    const width = 8
    const traffic = load(server.url, 'alone', width)
    const { body } = await call<Taker>(server.url, 'alone')
    process.kill(body.pid, 'SIGKILL')
    const pids = await untilReady(server, 'Front', 3)
    const { ok, failed } = await traffic.stop()
    assert.ok(ok > 0)
    assert.ok(failed.length <= width, failed.join('\n'))
    // Only the replacement is left to answer.
    for (const pid of pids.slice(0, 2)) if (pid !== body.pid) process.kill(Number(pid), 'SIGKILL')
    assert.ok(!pids.slice(0, 2).includes(await callAgain(server.url, 'alone')))
    assert.equal(await server.stop(), 0, server.stdout())
  })

  it('takes only its own calls with it when it is a pool worker', async () => {
    await using server = await serveFixture('chain:Front', WATCHED)
    const width = 8
    const traffic = load(server.url, 'work', width)
    const victim = (await call<Taker[]>(server.url, 'work')).body[2] as Taker
    process.kill(victim.pid, 'SIGKILL')
    await untilReady(server, 'Back', 3)
    const { failed } = await traffic.stop()
    assert.ok(failed.length <= width, failed.join('\n'))
    assert.ok(
      failed.every((each) => each.startsWith('503')),
      failed.join('\n'),
    )
    assert.equal(await server.stop(), 0, server.stdout())
  })

  it('keeps clients waiting, none refused, when it was the only one', async () => {
    await using server = await serveFixture('crashes-on-request')
    const before = await call<{ pid: number }>(server.url, 'ping')
    process.kill(before.body.pid, 'SIGKILL')
    const answers = await Promise.all(Array.from({ length: 10 }, () => callAgain(server.url, 'ping')))
    assert.ok(answers.every((pid) => pid !== before.body.pid))
    assert.equal(await server.stop(), 0, server.stdout())
  })

  it('is replaced after an exit of its own with code 0 too', async () => {
    await using server = await serveFixture('crashes-on-request')
    await call(server.url, 'die', { code: 0 }).catch(() => {})
    assert.equal((await call(server.url, 'ping')).status, 200)
    const death = await waitUntil(() => logLines(server.stdout()).find((line) => line.msg === 'worker died'))
    assert.equal(death.exit, 'code 0')
    assert.equal(await server.stop(), 0, server.stdout())
  })

  it('does not leave what it had started behind', async () => {
    await using server = await serveFixture('spawns-grandchild')
    const { body } = await call<{ worker: number; grandchild: number }>(server.url, 'pids')
    process.kill(body.worker, 'SIGKILL')
    await waitUntil(async () => !(await readdir('/proc')).includes(String(body.grandchild)), {
      describe: 'the grandchild to be gone',
    })
    assert.equal(await server.stop(), 0, server.stdout())
  })
})

describe('a supervisor that dies', () => {
  it('is followed by its workers, which answer what is in flight first', async () => {
    await using server = await serveFixture('chain:Front')
    const inFlight = call<Taker[]>(server.url, 'work', { ms: 1_000 })
    // The call has reached the last service once its worker says so; the first call warmed the connections.
    await call(server.url, 'work')
    server.kill('SIGKILL')
    assert.equal((await inFlight).status, 200)
    await server.exited
    await waitUntil(async () => (await markedProcesses(server.mark)).length === 0, {
      timeoutMs: 30_000,
      describe: 'its workers to be gone',
    })
  })
})

/** A connection may be cut by the death of the worker; the next one is not. */
async function callAgain(url: string, route: string): Promise<number> {
  for (;;) {
    try {
      return (await call<{ pid: number }>(url, route)).body.pid
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      assert.notEqual(code, 'ECONNREFUSED')
    }
  }
}
