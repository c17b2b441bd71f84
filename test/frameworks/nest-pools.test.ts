import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { call, EKIBEN, serveFixture } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const APP = resolve('test/fixtures/apps/nest.mjs')

describe('services of Nest apps in pools', () => {
  it('are made with providers of a module, which close with their worker', async () => {
    await using server = await serveFixture('made-by-nest:Desk')
    const { status, body } = await call<{ desk: number; pid: number; fonts: string[] }>(server.url, 'print')
    assert.equal(status, 200)
    assert.deepEqual(body.fonts, ['serif'])
    assert.notEqual(body.pid, body.desk)
    assert.equal(await server.stop(), 0)
    const said = server.stdout().split('\n')
    const at = said.indexOf('printer stopped')
    assert.notEqual(at, -1, server.stdout())
    assert.ok(said.indexOf('fonts destroyed in Printer') > at, server.stdout())
  })

  // Longer than this waits for the end: Nest is done when it raises anew the signal that it was stopped with.
  const limits = ['--timeout-graceful-shutdown', '300', '--set', 'supervision.drainTimeoutMs=240000']
  for (const platform of ['express', 'fastify']) {
    it(`are called by an unmodified app on ${platform} under ekiben run, which closes it`, async () => {
      const flags = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--api-workers', '2', ...limits]
      await using run = await startServing([EKIBEN, 'run', APP, ...flags, '--', `--${platform}`], {})
      const printed = await call<{ desk: number; pid: number }>(run.url, 'print')
      assert.equal(printed.status, 200)
      assert.notEqual(printed.body.pid, printed.body.desk)
      const own = await call<{ app: number; stamp: number }>(run.url, 'own')
      assert.equal(own.status, 201)
      assert.notEqual(own.body.stamp, own.body.app)
      assert.equal(await run.stop(), 0)
      assert.equal(run.stdout().match(/"said":"closed"/g)?.length, 2, run.stdout())
    })
  }

  it('are called by an app that bootstrapProduction runs, and closes', async () => {
    const env = { NODE_ENV: 'production' }
    await using run = await startServing([resolve('test/fixtures/apps/nest-bootstrap.mjs')], { env })
    const printed = await call<{ desk: number; pid: number }>(run.url, 'ml/print')
    assert.equal(printed.status, 200)
    assert.notEqual(printed.body.pid, printed.body.desk)
    assert.equal(await run.stop(), 0)
    assert.equal(run.stdout().match(/"said":"closed"/g)?.length, 2, run.stdout())
  })
})
