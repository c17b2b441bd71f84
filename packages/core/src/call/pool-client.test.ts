import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineLogger } from '../hosting/line-logger.js'
import { PoolClient } from './pool-client.js'

/** Those that keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

test('a call that no longer waits for a worker does not keep the process alive', async () => {
  const settings = {
    traffic: { timeoutMs: undefined, maxConcurrency: undefined, maxQueue: 1 },
    dependencyGraceMs: 60_000,
  }
  const client = new PoolClient({ service: 'Pool', settings, generation: 1, log: lineLogger(console) })
  const before = timers()
  const leaving = new AbortController()
  const waiting = client.call('run', undefined, { requestId: 'r', signal: leaving.signal, timeoutMs: 120_000 })
  client.unref()
  // It waits for a worker and for its deadline.
  assert.equal(timers(), before + 2)
  leaving.abort()
  await assert.rejects(waiting, { code: 'EKB_ERR_ABORTED' })
  assert.equal(timers(), before)
})
