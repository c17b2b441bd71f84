import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createError, isServiceError, ServiceError } from './service-error.js'

describe('ServiceError', () => {
  it('is a masked 500 by default', () => {
    const error = new ServiceError('x')
    assert.deepEqual(
      [error.code, error.statusCode, error.expose, error.retryable, 'cause' in error],
      ['EKB_ERR_INTERNAL', 500, false, false, false],
    )
  })

  it('shows its message below 500', () => {
    assert.equal(new ServiceError('x', { statusCode: 404 }).expose, true)
    assert.equal(new ServiceError('x', { statusCode: 404, expose: false }).expose, false)
  })

  it('is told by its brand, also from another copy of the package', () => {
    const twin = Object.create({ [Symbol.for('ekiben.error')]: true }, { code: { value: 'X' } })
    assert.ok(isServiceError(twin, 'X'))
    assert.equal(isServiceError(twin, 'Y'), false)
    assert.equal(isServiceError(new Error('x')), false)
    assert.equal(isServiceError(undefined), false)
  })

  it('points its stack at the caller of createError', () => {
    const error = createError('EKB_ERR_PLATFORM', { platform: 'win32' })
    assert.match(error.stack?.split('\n')[1] ?? '', /service-error\.test/)
  })
})
