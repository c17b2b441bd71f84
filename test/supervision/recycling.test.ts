import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { steadyLoad } from '../helpers/steady-load.js'
import { waitUntil } from '../helpers/wait-until.js'

type Server = Awaited<ReturnType<typeof serveFixture>>

const FLAGS = ['--no-access-log', '--log-level', 'debug', '--set', 'supervision.minReadyMs=100']

function set(values: Readonly<Record<string, number>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => ['--set', `supervision.${key}=${value}`])
}

function recycled(server: Server): readonly string[] {
  return logLines(server.stdout()).flatMap(({ msg, reason }) => (msg === 'replacing a worker' ? [String(reason)] : []))
}

/** Workers that have left after they were replaced. */
const left = (server: Server) =>
  logLines(server.stdout()).filter(({ from, to }) => from === 'draining' && to === 'exited').length

function untilLeft(server: Server, count: number) {
  return waitUntil(() => left(server) >= count, {
    timeoutMs: 60_000,
    describe: () => `${count} workers to have been recycled:\n${server.stdout()}`,
  })
}

/** The least number of ready workers once there were so many, and the most that booted at once after that. */
function occupancy(server: Server, workers: number): { leastReady: number; mostBooting: number } {
  const booting = new Set<unknown>()
  let [ready, leastReady, mostBooting] = [0, Infinity, 0]
  for (const { from, to, workerPid } of logLines(server.stdout())) {
    if (to === 'booting') booting.add(workerPid)
    else booting.delete(to === 'held' || to === 'starting' ? undefined : workerPid)
    if (to === 'ready') ready++
    if (from === 'ready') ready--
    if (ready < workers && leastReady === Infinity) continue
    leastReady = Math.min(leastReady, ready)
    mostBooting = Math.max(mostBooting, booting.size)
  }
  return { leastReady, mostBooting }
}

describe('a worker is recycled', () => {
  it('after maxRequests and a jitter, one at a time, and no request fails', async () => {
    const settings = set({ maxRequests: 100, maxRequestsJitter: 50 })
    await using server = await serveFixture('wedges', ['--api-workers', '2', ...FLAGS, ...settings])
    const load = steadyLoad(`${server.url}/ping`, 8)
    await untilLeft(server, 4)
    const { ok, failed } = await load.stop()
    assert.deepEqual(failed, [])
    assert.ok(ok >= 400, `${ok} requests`)
    const limits = new Set<number>()
    for (const reason of recycled(server)) {
      const [, calls, limit] = /^maxRequests: (\d+) of (\d+)$/.exec(reason) ?? assert.fail(reason)
      assert.ok(Number(limit) >= 100 && Number(limit) <= 150, reason)
      limits.add(Number(limit))
      // Told at once, not at the next heartbeat.
      assert.ok(Number(calls) <= Number(limit) + 8, reason)
    }
    // Each worker has drawn its own.
    assert.ok(limits.size > 1, recycled(server).join('\n'))
    const { leastReady, mostBooting } = occupancy(server, 2)
    assert.deepEqual({ leastReady, mostBooting }, { leastReady: 2, mostBooting: 1 })
    assert.equal(await server.stop(), 0)
  })

  it('at maxAgeMs, and no request fails', async () => {
    await using server = await serveFixture('wedges', [...FLAGS, ...set({ maxAgeMs: 1_000 })])
    const load = steadyLoad(`${server.url}/ping`, 4)
    await untilLeft(server, 2)
    const { failed } = await load.stop()
    assert.deepEqual(failed, [])
    const ages = recycled(server).map((reason) => {
      const [, age] = /^maxAgeMs: (\d+) of 1000$/.exec(reason) ?? assert.fail(reason)
      return Number(age)
    })
    assert.ok(Math.min(...ages) >= 1_000, String(ages))
    // A worker is weighed at each heartbeat; the one or the other may be late on a busy machine.
    assert.ok(Math.min(...ages) < 2_000, String(ages))
    assert.equal(await server.stop(), 0)
  })

  it('when it holds more than maxRssBytes', async () => {
    const limit = 250_000_000
    await using server = await serveFixture('wedges', [...FLAGS, ...set({ maxRssBytes: limit })])
    const { pid } = (await call<{ pid: number }>(server.url, 'grow', { bytes: limit })).body
    await untilLeft(server, 1)
    assert.match(recycled(server)[0] ?? '', /^maxRssBytes: \d+ of 250000000$/)
    assert.equal(recycled(server).length, 1)
    assert.notEqual((await call<{ pid: number }>(server.url, 'ping')).body.pid, pid)
    assert.equal(await server.stop(), 0)
  })
})
