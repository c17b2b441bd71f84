import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ServiceOutages } from './service-outages.js'

describe('service outages', () => {
  it('tells once that a service is down, and once that it is back', () => {
    const outages = new ServiceOutages()
    const counts = [0, 0, 1, 2, 1, 0, 0, 1, 2, 0]
    assert.deepEqual(
      counts.map((ready, at) => outages.note('Embedder', ready, at * 10)),
      [...Array(5).fill(undefined), { is: 'down' }, undefined, { is: 'back', afterMs: 20 }, undefined, { is: 'down' }],
    )
  })

  it('keeps services apart', () => {
    const outages = new ServiceOutages()
    outages.note('A', 1, 0)
    outages.note('B', 1, 0)
    assert.deepEqual(outages.note('A', 0, 1), { is: 'down' })
    assert.equal(outages.note('B', 1, 2), undefined)
  })
})
