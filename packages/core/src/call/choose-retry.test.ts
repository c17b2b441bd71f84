import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseRetry, type RetryFacts } from './choose-retry.js'

const wait = (facts: Partial<RetryFacts>) =>
  chooseRetry({
    failure: 'unsent',
    tries: 1,
    idempotent: false,
    retryAfterMs: undefined,
    leftMs: Infinity,
    random: 0.5,
    ...facts,
  })

describe('chooseRetry', () => {
  it('tries what was not sent up to twice more, after longer and longer', () => {
    assert.deepEqual([wait({ tries: 1 }), wait({ tries: 2 }), wait({ tries: 3 })], [100, 200, undefined])
  })

  it('tries what may have run only where that does no harm', () => {
    for (const failure of ['lost', 'busy'] as const) {
      assert.equal(wait({ failure }), undefined)
      assert.equal(wait({ failure, idempotent: true }), 100)
    }
  })

  it('leaves a word that is final as it is', () => {
    assert.equal(wait({ failure: 'final', idempotent: true }), undefined)
  })

  it('waits as long as a busy service asks, unless that is long', () => {
    const busy = { failure: 'busy', idempotent: true } as const
    assert.equal(wait({ ...busy, retryAfterMs: 1_000 }), 1_100)
    assert.equal(wait({ ...busy, retryAfterMs: 5_001 }), undefined)
  })

  it('does not wait past the deadline', () => {
    assert.equal(wait({ leftMs: 101 }), 100)
    assert.equal(wait({ leftMs: 100 }), undefined)
  })

  it('spreads the waits', () => {
    assert.deepEqual([wait({ random: 0 }), wait({ random: 0.99 })].map(Math.round as never), [50, 149])
  })
})
