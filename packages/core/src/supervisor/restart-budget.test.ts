import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RestartBudget } from './restart-budget.js'

const LIMITS = { count: 3, windowMs: 1_000 }

function spent(...times: number[]): RestartBudget {
  const budget = new RestartBudget(LIMITS)
  for (const at of times) budget.take(at)
  return budget
}

describe('restart budget', () => {
  it('lets as many go at once as it holds, the rest when the first leave the window', () => {
    assert.equal(spent().earliestAt(5), 5)
    assert.equal(spent(0, 100).earliestAt(500), 500)
    assert.equal(spent(0, 100, 200).earliestAt(500), 1_000)
    assert.equal(spent(0, 100, 200).earliestAt(1_000), 1_000)
    assert.equal(spent(0, 100, 200, 1_000).earliestAt(1_000), 1_100)
  })

  it('counts those that are about to be made', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((ahead) => spent(100, 200).earliestAt(500, ahead)),
      [500, 1_100, 1_200, 1_500],
    )
  })

  it('never lets more go in any window', () => {
    const budget = new RestartBudget(LIMITS)
    const made: number[] = []
    for (let now = 0; now < 10_000; now += 7) {
      if (budget.earliestAt(now) > now) continue
      budget.take(now)
      made.push(now)
    }
    for (const at of made) assert.ok(made.filter((other) => other > at - LIMITS.windowMs && other <= at).length <= 3)
    assert.ok(made.length >= 27)
  })
})
