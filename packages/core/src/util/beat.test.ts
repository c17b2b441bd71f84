import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { untilNextBeat } from './beat.js'

describe('untilNextBeat', () => {
  it('leads to multiples of the interval', () => {
    assert.equal(untilNextBeat(1_000, 250), 250)
    assert.equal(untilNextBeat(1_010, 250), 240)
  })

  it('gives no moment twice when a timer fires early', () => {
    assert.equal(untilNextBeat(999, 250), 251)
    assert.equal(untilNextBeat(990, 250), 260)
  })

  it('leads to so long after them', () => {
    assert.equal(untilNextBeat(1_025, 250, 25), 250)
    assert.equal(untilNextBeat(1_024, 250, 25), 251)
  })
})
