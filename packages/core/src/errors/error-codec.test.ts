import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import { CATALOGUE, type ErrorCode, type ErrorRow } from './catalogue.js'
import { decodeError, encodeError } from './error-codec.js'
import { createError, isServiceError, ServiceError } from './service-error.js'

/** Through JSON, as every channel of ours carries it. */
const roundTrip = (thrown: unknown): Error => decodeError(JSON.parse(JSON.stringify(encodeError(thrown))))

describe('error codec', () => {
  it('keeps every field of a ServiceError', () => {
    const origin = { service: 'Embedder', slot: 2, pid: 77 }
    const sent = new ServiceError('No such order', {
      code: 'ORDER_UNKNOWN',
      statusCode: 404,
      detail: { id: 7, tags: ['a'] },
      hint: 'Ask for another.',
      retryable: true,
      expose: false,
      origin,
      cause: new TypeError('inner', { cause: new RangeError('innermost') }),
    })
    const received = roundTrip(sent) as ServiceError
    assert.ok(isServiceError(received, 'ORDER_UNKNOWN'))
    assert.equal(received.message, 'No such order')
    assert.equal(received.name, 'ServiceError')
    assert.equal(received.statusCode, 404)
    assert.deepEqual(received.detail, { id: 7, tags: ['a'] })
    assert.equal(received.hint, 'Ask for another.')
    assert.equal(received.retryable, true)
    assert.equal(received.expose, false)
    assert.deepEqual(received.origin, origin)
    assert.equal(received.stack, sent.stack)
    const cause = received.cause as Error
    assert.deepEqual([cause.name, cause.message], ['TypeError', 'inner'])
    assert.deepEqual([(cause.cause as Error).name, (cause.cause as Error).message], ['RangeError', 'innermost'])
  })

  it('keeps every error of the catalogue', () => {
    const params = new Proxy({}, { get: () => ['sample'] })
    for (const code of Object.keys(CATALOGUE) as ErrorCode[]) {
      const row = CATALOGUE[code] as unknown as ErrorRow<object>
      const sent = createError(code, params as never)
      const received = roundTrip(sent)
      assert.ok(isServiceError(received, code))
      assert.equal(received.message, String(row.message(params)))
      assert.equal(received.hint, row.hint(params))
      assert.equal(received.statusCode, row.statusCode ?? 500)
      assert.equal(received.retryable, row.retryable ?? false)
      assert.equal(received.expose, sent.expose)
    }
  })

  it('keeps name, code, status and expose of a foreign error, and no brand', () => {
    class HttpProblem extends Error {
      override name = 'HttpProblem'
      code = 'E_PROBLEM'
      statusCode = 418
      expose = true
    }
    const received = roundTrip(new HttpProblem('teapot')) as HttpProblem
    assert.equal(isServiceError(received), false)
    assert.ok(received instanceof Error)
    assert.deepEqual(
      [received.name, received.message, received.code, received.statusCode, received.expose],
      ['HttpProblem', 'teapot', 'E_PROBLEM', 418, true],
    )
  })

  it('keeps the name of a subclass of ServiceError', () => {
    class Refusal extends ServiceError {
      override name = 'Refusal'
    }
    const received = roundTrip(new Refusal('no', { statusCode: 403 }))
    assert.ok(isServiceError(received))
    assert.equal(received.name, 'Refusal')
  })

  it('keeps what an AggregateError gathered', () => {
    const received = roundTrip(new AggregateError([new Error('first'), new TypeError('second')], ''))
    const errors = (received as AggregateError).errors as Error[]
    assert.deepEqual(
      errors.map((error) => `${error.name}: ${error.message}`),
      ['Error: first', 'TypeError: second'],
    )
  })

  it('describes what is no error', () => {
    const cases: [unknown, string][] = [
      ['just text', 'just text'],
      [undefined, 'undefined: undefined'],
      [null, 'object: null'],
      [42, 'number: 42'],
      [{ a: 1 }, 'object: {"a":1}'],
      [10n, 'bigint'],
      [Symbol('s'), 'symbol: Symbol(s)'],
    ]
    for (const [thrown, message] of cases) {
      const received = roundTrip(thrown)
      assert.deepEqual([received.name, received.message], ['NonError', message])
    }
  })

  it('takes an error of another realm for an error', () => {
    const received = roundTrip(runInNewContext('new TypeError("elsewhere")'))
    assert.deepEqual([received.name, received.message], ['TypeError', 'elsewhere'])
  })

  it('cuts a cause that leads back to its own error, and a chain without end', () => {
    const first = new Error('first')
    const second = new Error('second', { cause: first })
    first.cause = second
    const received = roundTrip(first)
    assert.equal((received.cause as Error).message, 'second')
    assert.equal((received.cause as Error).cause, undefined)

    let deep = new Error('0')
    for (let depth = 1; depth < 1000; depth++) deep = new Error(String(depth), { cause: deep })
    let length = 0
    for (let at: unknown = roundTrip(deep); at instanceof Error; at = at.cause) length++
    assert.equal(length, 9)
  })

  it('survives hostile getters and proxies', () => {
    const hostile = new Error('x')
    const boom = {
      get(): never {
        throw new Error('boom')
      },
    }
    for (const key of ['stack', 'name', 'message', 'code', 'statusCode', 'cause', 'errors']) {
      Object.defineProperty(hostile, key, boom)
    }
    assert.equal(roundTrip(hostile).message, '(the message could not be read)')
    const handler = { get: boom.get, has: boom.get, getPrototypeOf: boom.get, ownKeys: boom.get }
    assert.equal(roundTrip(new Proxy({}, handler)).name, 'NonError')
  })

  it('describes a detail that JSON cannot hold', () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    const encoded = encodeError(new ServiceError('x', { detail: circular }))
    assert.equal(encoded.detail, 'object')
    assert.equal(encodeError(new ServiceError('x', { detail: 1n })).detail, 'bigint')
  })
})
