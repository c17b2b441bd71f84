import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { readMetrics, total } from '../helpers/read-metrics.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const RELOADS = 3

describe('what the services of an app have counted', () => {
  it('is told before the app ends its process at SIGTERM', async () => {
    const app = resolve('test/fixtures/apps/exits-at-sigterm.mjs')
    const flags = ['--port', '0', '--host', '127.0.0.1', '--admin', '127.0.0.1:0', '--log-format', 'json']
    await using run = await startServing([EKIBEN, 'run', app, ...flags], { env: { NODE_ENV: 'production' } })
    const lines = (msg: string) => logLines(run.stdout()).filter((line) => line.msg === msg)
    const admin = await waitUntil(() => lines('admin')[0]?.address, { describe: 'the address of --admin' })
    let answered = 0
    for (let reloads = 1; reloads <= RELOADS; reloads++) {
      run.kill('SIGHUP')
      // To the end of the old worker: what it has told of by its last beat is less than what it answers.
      while (lines('reloaded').length < reloads) {
        assert.equal((await call(run.url, 'greet')).status, 200)
        answered++
      }
    }
    const seen = await waitUntil(
      async () => {
        const now = await readMetrics(`http://${admin}`)
        return total(now, 'ekiben_workers') === total(now, 'ekiben_workers', { state: 'ready' }) ? now : undefined
      },
      { describe: 'the old workers to be gone' },
    )
    assert.equal(total(seen, 'ekiben_requests_total', { api: 'greet', code: '200' }), answered)
    assert.equal(await run.stop(), 0)
  })
})
