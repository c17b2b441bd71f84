import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drainBudgetMs } from './stop-budget.js'

describe('drainBudgetMs', () => {
  it('gives the last level all that is left', () => {
    assert.equal(drainBudgetMs(10_000, 0), 10_000)
  })

  it('keeps a fifth for each level below', () => {
    assert.equal(drainBudgetMs(10_000, 1), 8_000)
    assert.equal(drainBudgetMs(10_000, 2), 6_000)
  })

  it('shares evenly among many levels', () => {
    assert.equal(drainBudgetMs(10_000, 9), 1_000)
  })

  it('leaves every level something when each uses its share to the end', () => {
    for (let levels = 1; levels <= 12; levels++) {
      let remaining = 25_000
      for (let below = levels - 1; below >= 0; below--) {
        const budget = drainBudgetMs(remaining, below)
        assert.ok(budget > 0, `${levels} levels, ${below} below`)
        remaining -= budget
      }
      assert.ok(remaining >= 0)
    }
  })

  it('is never negative', () => {
    assert.equal(drainBudgetMs(-5, 2), 0)
  })
})
