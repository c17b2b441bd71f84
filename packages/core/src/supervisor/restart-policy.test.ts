import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Death, nextRestart, provenAfterMs, recentDeaths } from './restart-policy.js'

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

  it('takes workers that die together for one failure, however many they are', () => {
    const together = Array.from({ length: 8 }, (_, index) => ({ at: 1_000 + index, readyForMs: 900, spawnedAt: 0 }))
    assert.deepEqual(pick(nextRestart(together, POLICY, NEARLY_ONE)), { waitMs: 100, flapping: false })
  })

  it('counts each try that failed since, in whichever slot', () => {
    let history: Death[] = Array.from({ length: 8 }, () => ({ at: 1_000, readyForMs: 900, spawnedAt: 0 }))
    const found = []
    for (const at of [1_100, 1_300, 1_700, 2_500]) {
      history = [...history, { at, readyForMs: undefined, spawnedAt: at - 50 }]
      found.push(pick(nextRestart(history, POLICY, NEARLY_ONE)))
      history = [...recentDeaths(history, POLICY)]
    }
    assert.deepEqual(found, [
      { waitMs: 200, flapping: false },
      { waitMs: 400, flapping: false },
      { waitMs: 800, flapping: false },
      { waitMs: 1_600, flapping: true },
    ])
  })

  it('does not take the death of a stable worker for a try that failed', () => {
    const stable = { at: 100_000, readyForMs: 61_000, spawnedAt: 30_000 }
    const history = [{ at: 80_000, readyForMs: 5, spawnedAt: 0 }, ...Array.from({ length: 5 }, () => stable)]
    assert.equal(nextRestart(history, POLICY, 0).flapping, false)
  })

  it('believes a worker that outlives twice over every one that died, and the stable time at the latest', () => {
    const lived = (...lives: number[]): Death[] => lives.map((readyForMs, at) => ({ at, readyForMs }))
    assert.equal(provenAfterMs(lived(50, 60), POLICY, 1_000), 1_000)
    assert.equal(provenAfterMs(lived(50, 4_000, 10), POLICY, 1_000), 8_000)
    assert.equal(provenAfterMs(lived(50_000), POLICY, 1_000), 60_000)
    assert.equal(provenAfterMs(lived(70_000, 5), POLICY, 1_000), 1_000)
    assert.equal(provenAfterMs(deaths(0), POLICY, 1_000), 1_000)
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
