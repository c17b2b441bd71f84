import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GraceBudget } from './grace-budget.js'

describe('grace budget', () => {
  it('runs from the moment there is no worker, calls or not', () => {
    const grace = new GraceBudget(5_000, 0)
    assert.equal(grace.leftMs(1_000), 4_000)
    grace.observe(false, 2_000)
    assert.equal(grace.leftMs(2_000), 3_000)
    assert.equal(grace.leftMs(9_000), 0)
  })

  it('is whole again after as long with a worker', () => {
    const grace = new GraceBudget(5_000, 0)
    grace.observe(true, 5_000)
    grace.observe(false, 15_000)
    assert.equal(grace.leftMs(15_000), 5_000)
  })

  it('gives a service that comes up and dies again no more than the time it was up', () => {
    const grace = new GraceBudget(5_000, 0)
    for (let at = 10_000; at < 100_000; at += 10_000) {
      grace.observe(true, at)
      grace.observe(false, at + 50)
      assert.equal(grace.leftMs(at + 50), 50)
      assert.equal(grace.leftMs(at + 100), 0)
    }
  })
})
