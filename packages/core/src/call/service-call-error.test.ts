import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createError, isServiceError, ServiceError } from '../errors/service-error.js'
import { ServiceCallError, toCallerError } from './service-call-error.js'
import { toWireError } from './wire-error.js'

const HERE = { service: 'Embedder', slot: 1, pid: 42 }
const CALL = { service: 'Embedder', method: 'embed' }
const received = (thrown: unknown) => toCallerError(JSON.parse(JSON.stringify(toWireError(thrown, HERE))), CALL)

test('a refusal with 4xx becomes a 502 that can be passed on', () => {
  const error = received(new ServiceError('No', { statusCode: 409, code: 'TAKEN', detail: [1] }))
  assert.ok(error instanceof ServiceCallError && isServiceError(error, 'EKB_ERR_DEPENDENCY_FAILED'))
  assert.deepEqual(error.remote, { statusCode: 409, code: 'TAKEN', message: 'No', detail: [1], origin: HERE })
  assert.deepEqual([error.statusCode, error.expose, error.name], [502, false, 'ServiceCallError'])
  assert.match(error.message, /Embedder\.embed refused the call with 409: No/)
  const own = error.asOwn()
  assert.deepEqual([own.statusCode, own.code, own.detail, own.cause], [409, 'TAKEN', [1], error])
})

test('invalid input is a refusal too', () => {
  const error = received(createError('EKB_ERR_VALIDATION', { count: 1, first: 'x' }, { detail: [{ path: ['a'] }] }))
  assert.ok(error instanceof ServiceCallError)
  assert.deepEqual([error.remote.statusCode, error.remote.detail], [400, [{ path: ['a'] }]])
})

test('overload, loss and time-outs keep code and status', () => {
  const thrown = [
    createError('EKB_ERR_OVERLOADED', { service: 'A', queued: 1 }),
    createError('EKB_ERR_OVERLOADED', { service: 'A', queued: 1 }, { statusCode: 429 }),
    createError('EKB_ERR_DEPENDENCY_DOWN', { service: 'A', waitedMs: 1 }),
    createError('EKB_ERR_TIMEOUT', { what: 'A.b', timeoutMs: 1 }),
    new ServiceError('odd', { statusCode: 507, code: 'FULL' }),
  ]
  for (const error of thrown) {
    const { code, statusCode, retryable, origin } = received(error) as ServiceError
    assert.deepEqual([code, statusCode, retryable, origin], [error.code, error.statusCode, error.retryable, HERE])
  }
})

test("a library's error with a status of its own is no refusal", () => {
  const error = received(Object.assign(new Error('from axios'), { statusCode: 404, code: 'E404' }))
  assert.ok(!isServiceError(error))
  assert.deepEqual([error.message, (error as NodeJS.ErrnoException).code], ['from axios', 'E404'])
  assert.deepEqual((error as Error & { origin: unknown }).origin, HERE)
})

test('an exposed error with a status is one', () => {
  const error = received(Object.assign(new Error('gone'), { status: 410, expose: true }))
  assert.ok(error instanceof ServiceCallError)
  assert.equal(error.remote.statusCode, 410)
})

test('an error that came through keeps its first origin', () => {
  const first = { service: 'Deep', slot: 0, pid: 7 }
  const error = toCallerError(toWireError(new ServiceError('x', { origin: first }), HERE), CALL) as ServiceError
  assert.deepEqual(error.origin, first)
  const plain = Object.assign(new Error('y'), { origin: first })
  assert.deepEqual((received(plain) as Error & { origin: unknown }).origin, first)
})

test('anything can be thrown', () => {
  for (const thrown of ['text', 5, null, undefined, { a: 1 }]) assert.ok(received(thrown) instanceof Error)
})
