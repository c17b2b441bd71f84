import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { createError, ServiceError } from './service-error.js'

describe('exit codes', () => {
  it('are those of the contract', () => {
    assert.deepEqual(EXIT, {
      clean: 0,
      unexpected: 1,
      usage: 2,
      bootFailed: 3,
      loadFailed: 4,
      flapping: 5,
      cannotBind: 6,
      killedSomething: 7,
      forcedByInterrupt: 130,
      forcedByTerminate: 143,
    })
  })

  it('follow the catalogue', () => {
    assert.equal(exitCodeOf(createError('EKB_ERR_CLI_USAGE', { reason: 'x', near: [] })), EXIT.usage)
    assert.equal(exitCodeOf(createError('EKB_ERR_FLAPPING', { service: 'A', count: 5, windowMs: 1 })), EXIT.flapping)
    assert.equal(exitCodeOf(createError('EKB_ERR_INTERNAL', { reason: 'x' })), EXIT.unexpected)
  })

  it('are 1 for what is not in the catalogue', () => {
    for (const thrown of [new Error('x'), new ServiceError('x', { code: 'toString' }), 'text', undefined, null]) {
      assert.equal(exitCodeOf(thrown), EXIT.unexpected)
    }
  })
})
