import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const APP = resolve('test/fixtures/apps/system-routes.mjs')
const RUN = [EKIBEN, 'run', APP, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
const ADMIN = '127.0.0.1:0'
const env = { NODE_ENV: 'production' }
const COUNTED = /^ekiben_requests_total\{service="[\w-]+",api="greet",code="200"\} 1$/m

/** What a worker has counted that does not answer in time is told at the next question. */
async function countsAt(url: string): Promise<void> {
  await waitUntil(async () => assert.match(await (await fetch(url)).text(), COUNTED) ?? true)
}

describe('/metrics of an app whose services answer all system routes', () => {
  for (const framework of ['express', 'nest']) {
    it(`is on the public socket under a supervisor, on ${framework}`, async () => {
      await using app = await startServing([...RUN, '--', framework], { env })
      assert.equal((await call(app.url, 'greet')).status, 200)
      await countsAt(`${app.url}/metrics`)
      assert.equal(await app.stop(), 0)
    })
  }

  for (const [way, framework, args] of [
    ['ekiben run', 'express', [...RUN, '--admin', ADMIN, '--', 'express']],
    ['bootstrapProduction', 'fastify', [APP, 'fastify', ADMIN]],
  ] as const) {
    it(`leaves it for the admin address, under ${way} on ${framework}`, async () => {
      await using app = await startServing(args, { env })
      assert.equal((await call(app.url, 'greet')).status, 200)
      const { address } = logLines(app.stdout()).find(({ msg }) => msg === 'admin') ?? {}
      await countsAt(`http://${address}/metrics`)
      const statuses = await Promise.all(['/metrics', '/readyz', '/schema.json'].map((path) => fetch(app.url + path)))
      assert.deepEqual(
        statuses.map(({ status }) => status),
        [404, 200, 200],
      )
      assert.equal(await app.stop(), 0)
    })
  }
})
