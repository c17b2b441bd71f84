import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BUCKET_COUNT, BUCKET_LIMITS_MS, CountTable } from './count-table.js'
import { WorkerCounts } from './worker-counts.js'

const emptyBuckets = (): number[] => new Array(BUCKET_COUNT).fill(0)

describe('CountTable', () => {
  it('tells what was counted since the last time, by api and code', () => {
    const table = new CountTable()
    table.add('classify', 200, 3)
    table.add('classify', 200, 4)
    table.add('classify', 404, 0.2)
    table.add('embed', 200, 100_000)
    assert.deepEqual(table.take(), [
      ['classify', 200, 2, 7, ...emptyBuckets().with(3, 2)],
      ['classify', 404, 1, 0.2, ...emptyBuckets().with(0, 1)],
      ['embed', 200, 1, 100_000, ...emptyBuckets().with(BUCKET_LIMITS_MS.length, 1)],
    ])
    assert.deepEqual(table.take(), [])
    table.add('classify', 404, 60_000)
    assert.deepEqual(table.take(), [
      ['classify', 404, 1, 60_000, ...emptyBuckets().with(BUCKET_LIMITS_MS.length - 1, 1)],
    ])
  })

  it('puts each limit into the bucket it closes', () => {
    for (const [index, limit] of BUCKET_LIMITS_MS.entries()) {
      const table = new CountTable()
      table.add('a', 200, limit)
      table.add('a', 200, limit + 1e-6)
      const [[, , , , ...buckets] = []] = table.take()
      assert.deepEqual(
        buckets,
        emptyBuckets()
          .with(index, 1)
          .with(index + 1, 1),
      )
    }
  })
})

describe('WorkerCounts', () => {
  it('tells requests and the calls to each service, and nothing where nothing was counted', () => {
    const counts = new WorkerCounts()
    assert.equal(counts.take(), undefined)
    const toBack = counts.callsTo('Back')
    assert.equal(counts.callsTo('Back'), toBack)
    counts.callsTo('Other')
    assert.equal(counts.take(), undefined)
    toBack.add('work', 200, 1)
    const report = counts.take()
    assert.deepEqual(report?.requests, [])
    assert.deepEqual(Object.keys(report?.calls ?? {}), ['Back'])
    counts.requests.add('work', 200, 1)
    assert.deepEqual(counts.take()?.calls, {})
    assert.equal(counts.take(), undefined)
  })
})
