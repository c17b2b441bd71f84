import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CountTable } from './count-table.js'
import { CountTotals, OVERFLOW_LABEL } from './count-totals.js'

const totalsOf = (totals: CountTotals): Record<string, number> =>
  Object.fromEntries([...totals].map(({ labels, count }) => [labels.join(' '), count]))

describe('CountTotals', () => {
  it('adds what several workers report, in any number of reports', () => {
    const totals = new CountTotals(100)
    const workers = [new CountTable(), new CountTable()]
    for (let round = 0; round < 3; round++) {
      for (const [index, worker] of workers.entries()) {
        worker.add('classify', 200, 2)
        worker.add('classify', index === 0 ? 500 : 200, 1_500)
        for (const row of worker.take()) totals.add(['TextClassifier'], row)
      }
    }
    assert.deepEqual(totalsOf(totals), { 'TextClassifier classify 200': 9, 'TextClassifier classify 500': 3 })
    const [ok] = totals
    assert.equal(ok?.ms, 6 * 2 + 3 * 1_500)
    assert.deepEqual([ok?.buckets[2], ok?.buckets[11]], [6, 3])
    assert.equal(
      ok?.buckets.reduce((sum, count) => sum + count),
      9,
    )
  })

  it('keeps apart what only looks alike', () => {
    const totals = new CountTotals(100)
    totals.increment(['a', 'b c'])
    totals.increment(['a b', 'c'])
    assert.equal([...totals].length, 2)
  })

  it('has no more rows than it may, and loses no count', () => {
    const totals = new CountTotals(5)
    const table = new CountTable()
    for (let code = 400; code < 600; code++) table.add('echo', code, 1)
    for (const row of table.take()) totals.add(['Service'], row)
    totals.increment(['Service', 'x', 'y'])
    const rows = totalsOf(totals)
    assert.equal(Object.keys(rows).length, 5)
    assert.equal(rows[[OVERFLOW_LABEL, OVERFLOW_LABEL, OVERFLOW_LABEL].join(' ')], 197)
    totals.increment(['Service', 'echo', '400'])
    assert.equal(totalsOf(totals)['Service echo 400'], 2)
  })
})
