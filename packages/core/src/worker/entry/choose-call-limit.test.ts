import assert from 'node:assert/strict'
import { it } from 'node:test'
import { chooseCallLimit } from './choose-call-limit.js'

it('lies between maxRequests and maxRequests + maxRequestsJitter, both included', () => {
  const recycling = { maxRequests: 100, maxRequestsJitter: 20 }
  assert.equal(chooseCallLimit(recycling, 0), 100)
  assert.equal(chooseCallLimit(recycling, 0.999), 120)
  assert.equal(chooseCallLimit({ ...recycling, maxRequestsJitter: 0 }, 0.999), 100)
})

it('is never without maxRequests, whatever the jitter', () => {
  assert.equal(chooseCallLimit({ maxRequests: 0, maxRequestsJitter: 20 }, 0.5), 0)
})
