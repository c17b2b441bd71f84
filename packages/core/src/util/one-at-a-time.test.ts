import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Deferred, deferred } from './deferred.js'
import { oneAtATime } from './one-at-a-time.js'

test('who asks while it runs shares the run that follows', async () => {
  const runs: Deferred<number>[] = []
  const ask = oneAtATime(() => {
    const run = deferred<number>()
    runs.push(run)
    return run.promise
  })
  const first = ask()
  const later = [ask(), ask(), ask()]
  assert.equal(runs.length, 1)
  runs[0]?.resolve(1)
  assert.equal(await first, 1)
  await Promise.resolve()
  const last = ask()
  assert.equal(runs.length, 2)
  // A run that fails is no reason for the next to wait.
  runs[1]?.reject(new Error('failed'))
  for (const each of later) await assert.rejects(each, { message: 'failed' })
  assert.equal(runs.length, 3)
  runs[2]?.resolve(3)
  assert.equal(await last, 3)
  const alone = ask()
  assert.equal(runs.length, 4)
  runs[3]?.resolve(4)
  assert.equal(await alone, 4)
})
