/** What threads cost when they go wrong, and what is still known of them afterwards. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readMetrics, total } from '../helpers/read-metrics.js'
import { runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { steadyLoad } from '../helpers/steady-load.js'
import { deaths, endBack, type Place, places, serveThreads, untilReady } from '../helpers/threaded.js'
import { waitUntil } from '../helpers/wait-until.js'

const REQUESTS = 'ekiben_requests_total'
const RESTARTS = 'ekiben_worker_restarts_total'
/** With variables of its own, Back has a host process of its own. */
const APART = ['--workers', 'Back=2', '--set', 'Back.env.MODEL=small']

/** Why workers of a service were replaced although nothing was wrong with them. */
const recycled = (server: ServingCommand, service: string): string[] =>
  logLines(server.stdout()).flatMap((line) =>
    line.msg === 'replacing a worker' && line.service === service ? [String(line.reason)] : [],
  )

describe('what the code of a thread posts to its process', () => {
  it('is left there, whatever it is: no thread ends by it', async () => {
    await using server = await serveThreads(['--workers', 'Back=2'])
    const before = await places(server, 3)
    assert.equal((await call(server.url, 'post')).status, 200)
    assert.equal((await call(server.url, 'behind', { api: 'post' })).status, 200)
    // They are asked by the same way, so what was posted has been passed by.
    assert.equal((await readMetrics(server.url)).filter(({ name }) => name === 'ekiben_loop_utilization').length, 3)
    assert.deepEqual(await places(server, 3), before)
    assert.deepEqual(deaths(server), [])
    assert.equal(await server.stop(), 0, server.stderr())
  })
})

describe('the metrics of threads', () => {
  it('count what each has done, also of those that have died, alone or with their process', async () => {
    await using server = await serveThreads(APART)
    const front = (await places(server, 3)).get('Front#0') as Place
    const before = await readMetrics(server.url)
    const asked = total(before, REQUESTS, { service: 'Front', api: 'both', code: '200' })
    assert.ok(asked >= 2)
    assert.equal(total(before, REQUESTS, { service: 'Back', api: 'where', code: '200' }), asked)
    assert.equal(total(before, 'ekiben_calls_total', { from: 'Front', to: 'Back', api: 'where' }), asked)
    const each = (name: string) => before.filter((sample) => sample.name === name).map(({ value }) => value)
    assert.equal(each('ekiben_worker_rss_bytes').length, 3)
    assert.ok(each('ekiben_worker_rss_bytes').every((bytes) => bytes > 1_000_000))
    assert.equal(each('ekiben_loop_utilization').length, 3)
    assert.ok(each('ekiben_loop_utilization').every((part) => part >= 0 && part <= 1))

    await endBack(server, 'exit')
    await untilReady(server, 'Back', 3)
    const inFlight = call<Place>(server.url, 'wait', { ms: 1_000 })
    const lost = await endBack(server, 'abort')
    assert.deepEqual([lost.status, (lost.body as { code: string }).code], [503, 'EKB_ERR_WORKER_LOST'])
    await untilReady(server, 'Back', 5)
    // Who is in another process goes on.
    const waited = (await inFlight).body
    assert.deepEqual([waited.pid, waited.threadId], [front.pid, front.threadId])

    const [exited, ...crashed] = deaths(server)
    assert.deepEqual([exited?.service, exited?.reason], ['Back', 'exit'])
    assert.deepEqual(new Set(crashed.map(({ slot }) => slot)), new Set([0, 1]))
    for (const { service, reason, exit, lastOutput } of crashed) {
      assert.deepEqual([service, reason], ['Back', 'signal'])
      assert.match(String(exit), /^signal SIG(ABRT|TRAP|ILL|SEGV)$/)
      assert.match(String(lastOutput), /native code gave up/)
    }
    const after = await readMetrics(server.url)
    for (const { name, labels, value } of before.filter(({ name }) => /_total$|_seconds_/.test(name))) {
      const now = total(after, name, labels)
      assert.ok(now >= value, `${name} ${JSON.stringify(labels)} went back from ${value} to ${now}`)
    }
    assert.equal(total(after, RESTARTS, { service: 'Back', reason: 'exit' }), 1)
    assert.equal(total(after, RESTARTS, { service: 'Back', reason: 'signal' }), 2)
    assert.equal(total(after, RESTARTS), 3)
    assert.equal(await server.stop(), 0)
  })
})

describe('a thread is recycled', () => {
  it('at maxAgeMs, and when heap and buffers together are above maxRssBytes; no request fails', async () => {
    const limits = ['--set', 'Front.maxAgeMs=1000', '--set', 'Back.maxRssBytes=150M']
    await using server = await serveThreads([...limits, '--set', 'supervision.minReadyMs=100'])
    const { pid, threadId } = (await places(server, 2)).get('Back#0') as Place
    const load = steadyLoad(`${server.url}/both`, 4)
    // Neither alone is above it.
    const grown = { api: 'grow', buffers: 90 * 1024 ** 2, heap: 90 * 1024 ** 2 }
    assert.equal((await call(server.url, 'behind', grown)).status, 200)
    await waitUntil(() => recycled(server, 'Front').length >= 2 && recycled(server, 'Back').length >= 1, {
      timeoutMs: 30_000,
      describe: () => `workers of both to be recycled:\n${server.stdout()}`,
    })
    await untilReady(server, 'Back', 2)
    const { failed } = await load.stop()
    assert.deepEqual(failed, [])
    for (const reason of recycled(server, 'Front')) assert.match(reason, /^maxAgeMs: \d+ of 1000$/)
    const [, bytes] = /^maxRssBytes: (\d+) of \d+$/.exec(recycled(server, 'Back')[0] ?? '') ?? []
    assert.ok(Number(bytes) >= 180 * 1024 ** 2, recycled(server, 'Back').join('\n'))
    const back = await waitUntil(async () => {
      const found = (await places(server, 2)).get('Back#0') as Place
      return found.threadId !== threadId && found
    })
    assert.equal(back.pid, pid)
    assert.deepEqual(deaths(server), [])
    assert.equal(await server.stop(), 0)
  })
})

describe('the process of threads', () => {
  const STILL = new URL('../fixtures/hangs-below-supervisor.mjs', import.meta.url).href

  it('ends the start with exit 3 when it never begins one', async () => {
    const flags = ['--threaded', '--port', '0', '--host', '127.0.0.1', '--set', 'supervision.bootTimeoutMs=1000']
    const args = ['--import', STILL, EKIBEN, 'serve', 'threads:Front', ...flags]
    await using run = await runNode(args, { cwd: SERVICES })
    let code: number | null | undefined
    void run.exited.then((exit) => {
      code = exit.code
    })
    await waitUntil(() => code !== undefined, { describe: () => `its end:\n${run.stdout()}${run.stderr()}` })
    assert.equal(code, 3)
    assert.match(run.stderr(), /EKB_ERR_WORKER_BOOT_TIMEOUT: .* 1000 ms/)
  })

  it('is given up with all in it when it stands still, and its successor is in another', async () => {
    await using server = await serveThreads([...APART.slice(2), '--set', 'Back.livenessTimeoutMs=2500'])
    const { pid } = (await places(server, 2)).get('Back#0') as Place
    process.kill(pid, 'SIGSTOP')
    await untilReady(server, 'Back', 2)
    const back = (await places(server, 2)).get('Back#0') as Place
    assert.notEqual(back.pid, pid)
    assert.equal(await server.stop(), 0)
  })
})
