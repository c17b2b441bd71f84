import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Answer, call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

type Taker = { api: number; pid: number }
type Refusal = { error: string; code: string }
type Extra = { pid?: number; code?: string; statusCode?: number; tookMs?: number }

/** A folder in which a file of a service's name makes its workers die at their start. */
function openOutages() {
  const folder = mkdtempSync(join(tmpdir(), 'ekb-'))
  return {
    env: { OUTAGE_FOLDER: folder },
    begin: (service: string) => writeFileSync(join(folder, service), ''),
    end: (service: string) => rmSync(join(folder, service)),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const serve = (outages: ReturnType<typeof openOutages>, flags: readonly string[] = []) =>
  serveFixture('outage:Api', ['--no-access-log', ...flags], { env: outages.env })

function said(server: ServingCommand, msg: string): number {
  return logLines(server.stdout()).filter((line) => line.msg === msg).length
}

const probe = async (server: ServingCommand, path: string): Promise<number> => (await fetch(server.url + path)).status

/** From then on no call goes to the worker that was killed. */
async function untilUnready(server: ServingCommand): Promise<void> {
  await waitUntil(async () => (await probe(server, '/readyz')) === 503)
}

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const began = performance.now()
  const result = await work
  return { result, ms: performance.now() - began }
}

describe('a dependency without a worker', () => {
  it('keeps the calls to it waiting until it has one again', async () => {
    using outages = openOutages()
    // No machine is so slow that it is over before another worker is ready.
    await using server = await serve(outages, ['--set', 'Needed.dependencyGraceMs=60000'])
    const before = (await call<Taker>(server.url, 'work')).body
    const inFlight = call<Refusal>(server.url, 'work', { ms: 60_000 })
    // The call that follows on the same connection shows that the first has arrived.
    await call(server.url, 'work')
    process.kill(before.pid, 'SIGKILL')
    const lost = await inFlight
    assert.deepEqual([lost.status, lost.body.code], [503, 'EKB_ERR_WORKER_LOST'])
    assert.equal(lost.headers['retry-after'], '1')
    const answers = await Promise.all(Array.from({ length: 20 }, () => call<Taker>(server.url, 'work')))
    const after = answers.map(({ body }) => body)
    assert.ok(after.every(({ api, pid }) => api === before.api && pid !== before.pid))
    // Once each: a line for going, one for coming back.
    await waitUntil(() => said(server, 'service is back') > 0, { describe: server.stdout })
    assert.equal(said(server, 'service is down: it has no ready worker'), 1)
    assert.equal(said(server, 'service is back'), 1)
    assert.equal(await server.stop(), 0)
  })

  it('is answered for with a 503 at once when the grace is over, and comes back by itself', async () => {
    using outages = openOutages()
    await using server = await serve(outages)
    const before = (await call<Taker>(server.url, 'work')).body
    outages.begin('Needed')
    process.kill(before.pid, 'SIGKILL')
    await untilUnready(server)
    assertDown(await call<Refusal>(server.url, 'work'))
    // One after another: the fastest shows what it takes, however busy the machine is with other things.
    let fastest = Infinity
    for (let round = 0; round < 20; round++) {
      const { result, ms } = await timed(call<Refusal>(server.url, 'work'))
      assertDown(result)
      fastest = Math.min(fastest, ms)
    }
    assert.ok(fastest < 50, `the fastest of twenty took ${fastest} ms`)
    assert.deepEqual([await probe(server, '/readyz'), await probe(server, '/livez')], [503, 200])
    outages.end('Needed')
    const after = await waitUntil(async () => {
      const { status, body } = await call<Taker>(server.url, 'work')
      return status === 200 ? body : undefined
    })
    // Its caller was never restarted.
    assert.equal(after.api, before.api)
    assert.equal(await probe(server, '/readyz'), 200)
    const back = await waitUntil(() => logLines(server.stdout()).find((line) => line.msg === 'service is back'))
    assert.equal(back.service, 'Needed')
    assert.equal(await server.stop(), 0)
  })

  it('makes the instance unready when it is needed further down', async () => {
    using outages = openOutages()
    await using server = await serve(outages)
    const before = (await call<Taker>(server.url, 'deep')).body
    outages.begin('Deep')
    process.kill(before.pid, 'SIGKILL')
    await untilUnready(server)
    assertDown(await call<Refusal>(server.url, 'deep'))
    // What does not need it is served.
    assert.equal((await call(server.url, 'work')).status, 200)
    outages.end('Deep')
    await waitUntil(async () => (await probe(server, '/readyz')) === 200)
    assert.equal(await server.stop(), 0)
  })
})

describe('an optional dependency without a worker', () => {
  it('leaves its caller ready, and rejects with a code', async () => {
    using outages = openOutages()
    await using server = await serve(outages)
    const { pid = 0 } = (await call<Extra>(server.url, 'extra')).body
    outages.begin('Extra')
    process.kill(pid, 'SIGKILL')
    const refused = await waitUntil(async () => {
      const { body } = await call<Extra>(server.url, 'extra')
      return body.code === 'EKB_ERR_DEPENDENCY_DOWN' ? body : undefined
    })
    assert.equal(refused.statusCode, 503)
    // From then on at once; now and then a busy machine takes its time all the same.
    await waitUntil(async () => ((await call<Extra>(server.url, 'extra')).body.tookMs ?? Infinity) < 50)
    assert.equal(await probe(server, '/readyz'), 200)
    outages.end('Extra')
    await waitUntil(async () => (await call<Extra>(server.url, 'extra')).body.pid)
    assert.equal(await server.stop(), 0)
  })

  it('does not hold up the start', async () => {
    using outages = openOutages()
    outages.begin('Extra')
    await using server = await serve(outages)
    assert.equal(await probe(server, '/readyz'), 200)
    assert.equal((await call(server.url, 'work')).status, 200)
    outages.end('Extra')
    await waitUntil(async () => (await call<Extra>(server.url, 'extra')).body.pid)
    assert.equal(await server.stop(), 0)
  })
})

/** A typed refusal that says when to try again, and names nothing of what is inside. */
function assertDown({ status, headers, body }: Answer<Refusal>): void {
  assert.deepEqual([status, body.code], [503, 'EKB_ERR_DEPENDENCY_DOWN'])
  assert.equal(headers['retry-after'], '1')
  assert.doesNotMatch(JSON.stringify(body), /Needed|Deep|Extra/)
}
