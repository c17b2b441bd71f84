import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, serveFixture } from '../helpers/serve-fixture.js'

test('a service in a pool is made with providers of a Nest module, which close with its worker', async () => {
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
