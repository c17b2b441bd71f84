import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { appProject, failApp, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { readMetrics, readMetricsOnce, total } from '../helpers/read-metrics.js'
import { logLines } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const PACKAGES = ['prom-client']

const IMPORTS = `
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
const registry = new Registry()
const registers = [registry]
`

/** Counts the requests to each path, and the time they took; what each worker says of itself is its slot. */
const APP = `({ slot }) => {
  const orders = new Counter({ name: 'orders_total', help: 'Orders.', labelNames: ['kind'], registers })
  const took = new Histogram({ name: 'took_seconds', help: 'Time.', buckets: [1, 2], registers })
  new Gauge({ name: 'connections', help: 'Connections.', registers }).set(slot + 1)
  new Gauge({ name: 'top', help: 'The highest slot.', aggregator: 'max', registers }).set(slot)
  new Gauge({ name: 'ekiben_own', help: 'Not ours.', registers }).set(1)
  if (slot === 0) new Counter({ name: 'odd', help: 'One type here.', registers })
  else new Gauge({ name: 'odd', help: 'And another here.', registers })
  return (request, response) => {
    orders.inc({ kind: request.url.slice(1) })
    took.observe(request.url === '/slow' ? 1.5 : 0.5)
    response.end(String(process.pid))
  }
}`

const OPTIONS = "{ apiWorkers: 2, admin: '127.0.0.1:0', metrics: { registry } }"

type Run = Awaited<ReturnType<typeof startApp>>

async function order(run: Run, kind: string): Promise<number> {
  return Number(await (await fetch(`${run.url}/${kind}`, { headers: { connection: 'close' } })).text())
}

async function adminUrl(run: Run): Promise<string> {
  const address = await waitUntil(() => logLines(run.stdout()).find(({ msg }) => msg === 'admin')?.address, {
    describe: () => `the address of --admin:\n${run.stdout()}`,
  })
  return `http://${address}`
}

describe("an app's own metrics", () => {
  it('are merged over its workers, beside those of the instance', async () => {
    await using project = await appProject(mainFile(APP, { imports: IMPORTS, options: OPTIONS }), PACKAGES)
    await using run = await startApp(project, 'supervised')
    const pids = new Set<number>()
    for (let count = 0; count < 40 || pids.size < 2; count++) pids.add(await order(run, count % 2 ? 'slow' : 'quick'))
    const admin = await adminUrl(run)
    const seen = await readMetrics(admin)
    const orders = total(seen, 'orders_total')
    assert.ok(orders >= 40)
    assert.equal(total(seen, 'orders_total', { kind: 'slow' }), Math.floor(orders / 2))
    assert.equal(seen.filter(({ name }) => name === 'orders_total').length, 2)
    assert.equal(total(seen, 'took_seconds_count'), orders)
    assert.equal(total(seen, 'took_seconds_bucket', { le: '1' }), total(seen, 'orders_total', { kind: 'quick' }))
    assert.equal(total(seen, 'took_seconds_bucket', { le: '2' }), orders)
    assert.deepEqual([total(seen, 'connections'), total(seen, 'top')], [3, 1])
    assert.equal(total(seen, 'ekiben_workers', { service: 'shop', state: 'ready' }), 2)
    assert.equal(await run.stop(), 0)
  })

  it('keep what a worker had counted when the metrics were last asked for, and forget its gauges', async () => {
    await using project = await appProject(mainFile(APP, { imports: IMPORTS, options: OPTIONS }), PACKAGES)
    await using run = await startApp(project, 'supervised')
    const victim = await order(run, 'quick')
    for (let count = 1; count < 20; count++) await order(run, 'quick')
    const admin = await adminUrl(run)
    assert.equal(total(await readMetrics(admin), 'orders_total'), 20)
    process.kill(victim, 'SIGKILL')
    await waitUntil(() => logLines(run.stdout()).some(({ msg }) => msg === 'worker died'), {
      describe: () => `the death:\n${run.stdout()}`,
    })
    // The gauges are those of two workers, not three, once the next has told its own.
    await waitUntil(
      async () => {
        const now = await readMetrics(admin)
        assert.deepEqual([total(now, 'orders_total'), total(now, 'took_seconds_count')], [20, 20])
        assert.ok(total(now, 'connections') <= 3)
        return total(now, 'connections') === 3
      },
      { describe: 'another worker' },
    )
    // Told to leave, it loses nothing.
    for (let count = 0; count < 10; count++) await order(run, 'quick')
    run.kill('SIGHUP')
    await waitUntil(() => logLines(run.stdout()).some(({ msg }) => msg === 'reloaded'), {
      timeoutMs: 30_000,
      describe: () => `the reload:\n${run.stdout()}`,
    })
    await waitUntil(
      async () => {
        const now = await readMetrics(admin)
        assert.equal(total(now, 'orders_total'), 30)
        return total(now, 'ekiben_workers') === 2
      },
      { describe: 'the old workers to be gone' },
    )
    assert.equal(await run.stop(), 0)
  })

  it('are left out where they cannot be told, with a warning for each', async () => {
    await using project = await appProject(mainFile(APP, { imports: IMPORTS, options: OPTIONS }), PACKAGES)
    await using run = await startApp(project, 'supervised')
    const admin = await adminUrl(run)
    for (let count = 0; count < 3; count++) {
      const seen = await readMetrics(admin)
      assert.deepEqual([total(seen, 'ekiben_own'), seen.filter(({ name }) => name === 'ekiben_own').length], [0, 0])
      assert.equal(seen.filter(({ name }) => name === 'odd').length, 1)
    }
    const warnings = (): string[] =>
      logLines(run.stdout())
        .filter(({ code }) => code === 'EKB_ERR_METRICS_LEFT_OUT')
        .map(({ msg }) => String(msg))
        .sort()
    await waitUntil(() => warnings().length >= 2, { describe: () => `the warnings:\n${run.stdout()}` })
    assert.equal(await run.stop(), 0)
    const [own = '', odd = '', ...others] = warnings()
    assert.match(own, /own ekiben_own: names that begin with ekiben_ are Ekiben's own$/)
    assert.match(odd, /own odd: it is a (counter|gauge) in one worker and a (counter|gauge) in another$/)
    assert.deepEqual(others, [])
  })

  it('do without a registry that fails, or never answers, and say so', async () => {
    const registry = `{ getMetricsAsJSON: async () => {
      if (process.env.EKIBEN_SLOT === '0') throw new Error('no database')
      return new Promise(() => {})
    } }`
    const options = `{ apiWorkers: 2, admin: '127.0.0.1:0', metrics: { registry: ${registry} } }`
    await using project = await appProject(mainFile("() => (_, response) => response.end('1')", { options }))
    await using run = await startApp(project, 'supervised')
    await order(run, 'quick')
    assert.equal(total(await readMetricsOnce(await adminUrl(run)), 'ekiben_workers', { state: 'ready' }), 2)
    await waitUntil(() => logLines(run.stdout()).some(({ code }) => code === 'EKB_ERR_METRICS_LEFT_OUT'), {
      describe: () => `the warning:\n${run.stdout()}`,
    })
    assert.match(run.stdout(), /all metrics of its registry: no database/)
    assert.equal(await run.stop(), 0)
    assert.doesNotMatch(run.stdout(), /had to be cut short/)
  })

  for (const mode of ['supervised', 'one process'] as const) {
    it(`are refused of what is no registry (${mode})`, async () => {
      const main = mainFile("() => (_, response) => response.end('1')", { options: '{ metrics: { registry: 5 } }' })
      await using project = await appProject(main)
      const { code, stderr } = await failApp(project, mode)
      assert.equal(code, 2)
      assert.match(stderr, /EKB_ERR_CONFIG_INVALID.*metrics\.registry.*getMetricsAsJSON/s)
    })
  }
})
