import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Death, nextRestart, recentDeaths } from './restart-policy.js'

const POLICY = {
  initialMs: 100,
  factor: 2,
  maxMs: 30_000,
  resetAfterMs: 60_000,
  flappingCount: 5,
  flappingWindowMs: 30_000,
}
const NEARLY_ONE = 1 - Number.EPSILON

const deaths = (...times: number[]): Death[] => times.map((at) => ({ at, readyForMs: undefined }))

describe('restart policy', () => {
  it('replaces a first crash within its initial wait', () => {
    assert.equal(nextRestart(deaths(0), POLICY, 0).waitMs, 50)
    assert.equal(nextRestart(deaths(0), POLICY, NEARLY_ONE).waitMs, 100)
  })

  it('doubles each further wait up to its ceiling', () => {
    const waits = Array.from({ length: 12 }, (_, index) => {
      const history = deaths(...Array.from({ length: index + 1 }, (_unused, at) => at * 100_000))
      return nextRestart(history, POLICY, NEARLY_ONE).waitMs
    })
    assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000])
  })

  it('starts anew after a stable time', () => {
    const history = [...deaths(0, 1, 2), { at: 70_000, readyForMs: 60_000 }]
    assert.equal(nextRestart(history, POLICY, NEARLY_ONE).waitMs, 100)
    const next = [...history, { at: 70_100, readyForMs: 1 }]
    assert.equal(nextRestart(next, POLICY, NEARLY_ONE).waitMs, 200)
  })

  it('is flapping at the fifth death within the window, its edge included', () => {
    assert.equal(nextRestart(deaths(0, 1, 2, 3), POLICY, 0).flapping, false)
    assert.equal(nextRestart(deaths(0, 1, 2, 3, 30_000), POLICY, 0).flapping, true)
    assert.equal(nextRestart(deaths(0, 1, 2, 3, 30_001), POLICY, 0).flapping, false)
  })

  it('decides the same from a shortened history, however long it grows', () => {
    let full: Death[] = []
    let short: readonly Death[] = []
    for (let index = 0; index < 500; index++) {
      const death = { at: index * 7_000, readyForMs: index % 97 === 0 ? 61_000 : 5 }
      full = [...full, death]
      short = recentDeaths([...short, death], POLICY)
      const { waitMs, flapping } = nextRestart(full, POLICY, 0.5)
      assert.deepEqual({ waitMs, flapping }, pick(nextRestart(short, POLICY, 0.5)))
      assert.ok(short.length <= 64)
    }
  })
})

function pick({ waitMs, flapping }: { waitMs: number; flapping: boolean }): { waitMs: number; flapping: boolean } {
  return { waitMs, flapping }
}
