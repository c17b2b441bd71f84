import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Deferred, deferred } from '../util/deferred.js'
import { ReloadQueue } from './reload-queue.js'

function queueOfRuns(): { queue: ReloadQueue<number>; runs: Deferred<number>[] } {
  const runs: Deferred<number>[] = []
  const queue = new ReloadQueue(() => {
    const run = deferred<number>()
    runs.push(run)
    return run.promise
  })
  return { queue, runs }
}

describe('ReloadQueue', () => {
  it('runs one more for all that were asked for during a run', async () => {
    const { queue, runs } = queueOfRuns()
    const first = queue.request()
    const later = [queue.request(), queue.request(), queue.request()]
    assert.equal(runs.length, 1)
    runs[0]?.resolve(1)
    assert.equal(await first, 1)
    runs[1]?.resolve(2)
    assert.deepEqual(await Promise.all(later), [2, 2, 2])
    assert.equal(runs.length, 2)
  })

  it('goes on after one that failed', async () => {
    const { queue, runs } = queueOfRuns()
    const first = queue.request()
    const second = queue.request()
    runs[0]?.reject(new Error('refused'))
    await assert.rejects(first, { message: 'refused' })
    runs[1]?.resolve(2)
    assert.equal(await second, 2)
    const third = queue.request()
    runs[2]?.resolve(3)
    assert.equal(await third, 3)
  })
})
