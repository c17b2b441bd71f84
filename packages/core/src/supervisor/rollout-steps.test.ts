import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rolloutSteps } from './rollout-steps.js'

const service = (name: string, workers: number, surge = 1) => ({ name, workers, surge })

describe('rolloutSteps', () => {
  it('goes slot by slot', () => {
    assert.deepEqual(rolloutSteps([service('A', 2)]), [[{ name: 'A', slots: [0] }], [{ name: 'A', slots: [1] }]])
  })

  it('lets services of equal share move together, dependencies first', () => {
    assert.deepEqual(rolloutSteps([service('Back', 2), service('Front', 2)]), [
      [
        { name: 'Back', slots: [0] },
        { name: 'Front', slots: [0] },
      ],
      [
        { name: 'Back', slots: [1] },
        { name: 'Front', slots: [1] },
      ],
    ])
  })

  it('keeps services of different size in proportion', () => {
    const order = rolloutSteps([service('Back', 4), service('Front', 2)]).map((group) =>
      group.map(({ name, slots }) => `${name}${slots.join()}`),
    )
    assert.deepEqual(order, [['Back0'], ['Back1', 'Front0'], ['Back2'], ['Back3', 'Front1']])
  })

  it('takes as many slots at once as there is surge, at least one', () => {
    const slots = (surge: number) => rolloutSteps([service('A', 5, surge)]).map(([step]) => step?.slots.length)
    assert.deepEqual(slots(2), [2, 2, 1])
    assert.deepEqual(slots(9), [5])
    assert.deepEqual(slots(0), [1, 1, 1, 1, 1])
  })
})
