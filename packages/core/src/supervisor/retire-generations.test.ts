import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RetiringPool, retireGenerations } from './retire-generations.js'

const pool = (given: Partial<RetiringPool>): RetiringPool => ({
  slots: [],
  isLost: false,
  isCalled: () => true,
  isServed: () => true,
  ...given,
})
const slot = (index: number, wanted: readonly number[], retiring = true) => ({ slot: index, wanted, retiring })

describe('retireGenerations', () => {
  it('keeps the last worker of a generation while someone calls it', () => {
    assert.deepEqual(retireGenerations(pool({ slots: [slot(0, [2]), slot(1, [2, 1])] })), [])
  })

  it('lets it go after its last caller', () => {
    const given = pool({ slots: [slot(0, [3, 2, 1])], isCalled: (generation) => generation === 2 })
    assert.deepEqual(retireGenerations(given), [{ slot: 0, wanted: [3, 2] }])
  })

  it('lets one go at once while another slot serves that generation', () => {
    const slots = [slot(0, [2, 1]), slot(1, [1], false)]
    assert.deepEqual(retireGenerations(pool({ slots })), [{ slot: 0, wanted: [2] }])
    assert.deepEqual(retireGenerations(pool({ slots, isServed: () => false })), [])
  })

  it('touches no slot that does not retire', () => {
    assert.deepEqual(retireGenerations(pool({ slots: [slot(0, [2, 1], false)], isCalled: () => false })), [])
  })

  it('ends a service that no plan has any more, after its last caller', () => {
    const lost = pool({ slots: [slot(0, [1]), slot(1, [1])], isLost: true })
    assert.deepEqual(retireGenerations(lost), [])
    assert.deepEqual(retireGenerations({ ...lost, isCalled: () => false }), [
      { slot: 0, wanted: [] },
      { slot: 1, wanted: [] },
    ])
  })
})
