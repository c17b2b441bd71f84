import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { types } from 'node:util'
import { ServiceError } from '../errors/service-error.js'
import { toHostError, withRequestId } from './host-error.js'

class OrderTaken extends ServiceError {
  readonly order = 7
  constructor() {
    super('The order is taken', { statusCode: 409, code: 'ORDER_TAKEN' })
  }
}

describe('withRequestId()', () => {
  it('lets an error stay itself, the first time', () => {
    const thrown = new OrderTaken()
    const told = withRequestId(toHostError(thrown), 'a')
    assert.deepEqual([told.requestId, told.headers], ['a', { 'x-request-id': 'a' }])
    assert.equal(told, thrown)
  })

  const cannotChange = Object.freeze(Object.assign(new OrderTaken(), { headers: Object.freeze({ 'x-own': 'yes' }) }))
  const hasAnswered = Object.assign(new OrderTaken(), { headers: { 'x-own': 'yes' } })
  withRequestId(hasAnswered, 'a')
  for (const [what, thrown] of Object.entries({
    'has answered another request': hasAnswered,
    'cannot change': cannotChange,
  })) {
    it(`copies one that ${what}`, () => {
      const before = { ...thrown }
      const told = withRequestId(toHostError(thrown), 'b')
      assert.deepEqual({ ...thrown }, before)
      assert.deepEqual({ ...told }, { ...before, requestId: 'b', headers: { 'x-own': 'yes', 'x-request-id': 'b' } })
      assert.ok(told instanceof OrderTaken)
      assert.ok(types.isNativeError(told))
      assert.deepEqual([told.message, told.stack, told.order], [thrown.message, thrown.stack, 7])
      assert.deepEqual(Object.keys(told).includes('stack'), false)
    })
  }
})
