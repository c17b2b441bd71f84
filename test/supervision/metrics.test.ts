import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { serveHttpProduction } from '@ekiben/core/serving'
import { askSocket, controlSocket } from '../helpers/control-socket.js'
import { parseMetrics, readMetrics, readMetricsOnce, total } from '../helpers/read-metrics.js'
import { call, logLines, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const REQUESTS = 'ekiben_requests_total'
const CALLS = 'ekiben_calls_total'

type Sum = { sum: number; pid: number }

const times = <T>(count: number, act: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, act))

describe('/metrics', () => {
  it('tells what all workers of all services have counted, exactly and at once', async () => {
    await using server = await serveFixture('counted:Front', ['--api-workers', '3'])
    const sums = await times(60, () => call<Sum>(server.url, 'sum'))
    // Whoever is awake accepts: of calls that are short it may be one for a while.
    const pids = () => new Set(sums.map(({ body }) => body.pid))
    while (pids().size === 1) sums.push(...(await times(10, () => call<Sum>(server.url, 'sum'))))
    await times(5, () => call(server.url, 'refuse', { status: 409 }))
    await times(4, () => call(server.url, 'sum', { status: 503 }))
    await times(3, () => call(server.url, 'sum', { status: 404 }))
    for (const path of ['nowhere', 'a/b?c=d', 'pid/submit']) assert.equal((await call(server.url, path)).status, 404)
    const samples = await readMetrics(server.url)
    const requests = (service: string, api: string, code: number) =>
      total(samples, REQUESTS, { service, api, code: String(code) })
    const calls = (code: number) => total(samples, CALLS, { from: 'Front', to: 'Back', api: 'add', code: String(code) })
    assert.deepEqual(
      [requests('Front', 'sum', 200), requests('Front', 'sum', 503), requests('Front', 'sum', 502)],
      [sums.length, 4, 3],
    )
    assert.equal(requests('Front', 'refuse', 409), 5)
    assert.deepEqual(
      [requests('Back', 'add', 200), requests('Back', 'add', 503), requests('Back', 'add', 404)],
      [sums.length, 4, 3],
    )
    // A caller sees a dependency's refusal as its dependency's failure.
    assert.deepEqual([calls(200), calls(503), calls(502)], [sums.length, 4, 3])
    assert.equal(requests('Front', '(unknown)', 404), 3)
    assert.equal(total(samples, REQUESTS), 2 * (sums.length + 4 + 3) + 5 + 3)
    assert.equal(total(samples, 'ekiben_request_duration_seconds_count'), total(samples, REQUESTS))
    assert.equal(total(samples, 'ekiben_call_duration_seconds_count'), total(samples, CALLS))
    const took = total(samples, 'ekiben_request_duration_seconds_sum', { service: 'Front' })
    assert.ok(took > 0 && took < 75 * 60, String(took))
    assert.deepEqual(
      [...new Set(samples.filter(({ name }) => name === REQUESTS).map(({ labels }) => labels.api))].sort(),
      ['(unknown)', 'add', 'refuse', 'sum'],
    )
    assert.equal(total(samples, 'ekiben_workers', { service: 'Front', state: 'ready' }), 3)
    assert.equal(total(samples, 'ekiben_workers', { service: 'Back', state: 'ready' }), 2)
    assert.ok(total(samples, 'ekiben_supervisor_rss_bytes') > 1024 * 1024)
    for (const name of ['ekiben_worker_rss_bytes', 'ekiben_loop_utilization']) {
      assert.equal(samples.filter((sample) => sample.name === name).length, 5, name)
    }
    assert.equal(total(samples, 'ekiben_requests_in_flight'), 0)
    assert.equal(await server.stop(), 0)
  })

  it('is no request of its own: neither counted nor logged, like the other probes', async () => {
    await using server = await serveFixture('counted:Front')
    await readMetrics(server.url)
    for (const probe of ['livez', 'healthz', 'readyz'])
      assert.equal((await fetch(`${server.url}/${probe}`)).status, 200)
    assert.equal((await call(server.url, 'metrics')).status, 405)
    await call(server.url, 'pid')
    const samples = await readMetrics(server.url)
    assert.deepEqual(
      samples.filter(({ name }) => name === REQUESTS).map(({ labels }) => [labels.api, labels.code]),
      [
        ['(unknown)', '405'],
        ['pid', '200'],
      ],
    )
    const routes = await waitUntil(
      () => {
        const lines = logLines(server.stdout()).filter(({ msg }) => msg === 'request')
        return lines.length >= 2 && lines.map(({ route }) => route)
      },
      { describe: () => `two lines of the access log:\n${server.stdout()}` },
    )
    assert.deepEqual(routes, [null, '/pid'])
    assert.equal(await server.stop(), 0)
  })

  it('keeps the counts of a worker that was killed, but for its last second', async () => {
    await using server = await serveFixture('counted:Front', ['--api-workers', '2', '--log-level', 'debug'])
    await times(40, () => call<Sum>(server.url, 'sum'))
    const before = await readMetrics(server.url)
    assert.equal(total(before, REQUESTS, { service: 'Front' }), 40)
    const { body: victim } = await call<number>(server.url, 'pid')
    process.kill(victim, 'SIGKILL')
    await waitUntil(() => logLines(server.stdout()).some(({ msg }) => msg === 'worker died'), {
      describe: () => `the death:\n${server.stdout()}`,
    })
    const after = await readMetrics(server.url)
    for (const { name, labels, value } of before.filter(({ name }) => /_total$|_seconds_/.test(name))) {
      const now = total(after, name, labels)
      assert.ok(now >= value, `${name} ${JSON.stringify(labels)} went back from ${value} to ${now}`)
    }
    // The call that told its pid is of its last second, or was told with the heartbeat in between.
    const lost = 41 - total(after, REQUESTS, { service: 'Front' })
    assert.ok(lost === 0 || lost === 1, `${lost} were lost`)
    assert.equal(total(after, 'ekiben_worker_restarts_total', { service: 'Front', reason: 'killed' }), 1)
    assert.equal(total(after, 'ekiben_worker_restarts_total'), 1)
    assert.equal(await server.stop(), 0)
  })

  it('loses nothing of a worker that was told to leave, and reports once more when it does', async () => {
    const options = { workingDir: SERVICES, port: 0, host: '127.0.0.1', logLevel: 'silent' } as const
    await using server = await serveHttpProduction({ ...options, identifier: 'counted:Front', apiWorkers: 3 })
    let answered = 0
    let state: 'going' | 'ending' = 'going'
    const clients = times(6, async () => {
      while (state === 'going') {
        assert.equal((await call<Sum>(server.url, 'sum')).status, 200)
        answered++
      }
    })
    await waitUntil(() => answered > 30, { describe: 'some traffic' })
    await Promise.all([server.scale('Front', 1), server.scale('Back', 1)])
    state = 'ending'
    await clients
    const samples = await waitUntil(
      async () => {
        const seen = await readMetrics(server.url)
        const left = (service: string) => total(seen, 'ekiben_workers', { service })
        return left('Front') === 1 && left('Back') === 1 && seen
      },
      { describe: 'two workers to be left' },
    )
    assert.deepEqual(
      [
        total(samples, REQUESTS, { service: 'Front' }),
        total(samples, REQUESTS, { service: 'Back' }),
        total(samples, CALLS),
      ],
      [answered, answered, answered],
    )
    await server.stop()
  })

  it('counts on over a reload and a restart, and tells of both', async () => {
    const options = { workingDir: SERVICES, port: 0, host: '127.0.0.1', logLevel: 'silent' } as const
    await using server = await serveHttpProduction({
      ...options,
      identifier: 'counted:Front',
      supervision: { minReadyMs: 50 },
    })
    await times(5, () => call<Sum>(server.url, 'sum'))
    await server.reload()
    await server.restart('Back', 0)
    await times(5, () => call<Sum>(server.url, 'sum'))
    const samples = await readMetrics(server.url)
    assert.deepEqual([total(samples, REQUESTS, { api: 'sum' }), total(samples, CALLS)], [10, 10])
    assert.equal(total(samples, 'ekiben_reloads_total', { result: 'done' }), 1)
    assert.equal(total(samples, 'ekiben_worker_restarts_total', { service: 'Back', reason: 'restart' }), 1)
    assert.equal(total(samples, 'ekiben_worker_restarts_total'), 1)
    await server.stop()
  })

  it('tells of a request whose client left', async () => {
    await using server = await serveFixture('counted:Front', ['--no-access-log'])
    const leaving = new AbortController()
    const left = fetch(`${server.url}/wait`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: leaving.signal,
    })
    await waitUntil(() => server.stdout().includes('waiting'), { describe: 'the request to have come' })
    assert.equal(total(await readMetrics(server.url), 'ekiben_requests_in_flight', { service: 'Front' }), 1)
    leaving.abort()
    await assert.rejects(left)
    await waitUntil(async () => total(await readMetrics(server.url), REQUESTS, { api: 'wait', code: '499' }) === 1, {
      describe: 'the request to be counted',
    })
    assert.equal(await server.stop(), 0)
  })

  it('is not held up for long by a worker that is blocked, and has what that one counted later', async () => {
    await using server = await serveFixture('counted:Front', ['--api-workers', '2'])
    const { body: stopped } = await call<number>(server.url, 'pid')
    process.kill(stopped, 'SIGSTOP')
    const { body: other } = await call<number>(server.url, 'pid')
    assert.notEqual(other, stopped)
    // It goes on only afterwards.
    const samples = await readMetricsOnce(server.url)
    assert.ok(total(samples, REQUESTS, { api: 'pid' }) >= 1)
    process.kill(stopped, 'SIGCONT')
    await waitUntil(async () => total(await readMetrics(server.url), REQUESTS, { api: 'pid' }) === 2, {
      describe: 'the count of the worker that goes on',
    })
    assert.equal(await server.stop(), 0)
  })

  it('is told by the control socket, and with --admin there instead of on the public port', async () => {
    await using server = await serveFixture('counted:Front', ['--admin', '127.0.0.1:0'])
    await times(3, () => call(server.url, 'pid'))
    const hidden = await fetch(`${server.url}/metrics`)
    assert.deepEqual(
      [hidden.status, ((await hidden.json()) as { code: string }).code],
      [404, 'EKB_ERR_ROUTE_NOT_FOUND'],
    )
    const admin = logLines(server.stdout()).find(({ msg }) => msg === 'admin')
    assert.equal(total(await readMetrics(`http://${admin?.address}`), REQUESTS, { api: 'pid' }), 3)
    const { status, body } = await askSocket(await controlSocket(server), '/metrics')
    assert.deepEqual([status, total(parseMetrics(body), REQUESTS, { api: 'pid' })], [200, 3])
    assert.equal(await server.stop(), 0)
  })

  it('answers many at a time', async () => {
    await using server = await serveFixture('counted:Front', ['--api-workers', '2'])
    await times(10, () => call(server.url, 'pid'))
    await readMetrics(server.url)
    const texts = await times(20, async () => (await fetch(`${server.url}/metrics`)).text())
    for (const each of texts) assert.equal(total(parseMetrics(each), REQUESTS, { api: 'pid' }), 10)
    assert.equal(await server.stop(), 0)
  })
})
