import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMemoryShort } from './memory-headroom.js'

describe('isMemoryShort', () => {
  it('leaves room for a boot that takes half as much again', () => {
    assert.equal(isMemoryShort([100, 100], 300), false)
    assert.equal(isMemoryShort([100, 100], 299), true)
  })

  it('takes what is not known for nothing', () => {
    assert.equal(isMemoryShort([0, 0], 0), false)
    assert.equal(isMemoryShort([], 1), false)
  })
})
