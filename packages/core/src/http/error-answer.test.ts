import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toPublicError } from '../errors/public-error.js'
import { createError, ServiceError } from '../errors/service-error.js'
import { errorAnswer } from './error-answer.js'

const inner = { service: 'Embedder', method: 'embed' }

describe('what a client gets to know', () => {
  const table: readonly [name: string, thrown: unknown, status: number, code: string, shows: RegExp | undefined][] = [
    ['a refusal', new ServiceError('No', { statusCode: 402, code: 'PAY' }), 402, 'PAY', /^No$/],
    ['a status that is none', new ServiceError('No', { statusCode: 200 }), 500, 'EKB_ERR_INTERNAL', undefined],
    ['a ServiceError without a status', new ServiceError('secret'), 500, 'EKB_ERR_INTERNAL', undefined],
    [
      'a dependency that refused',
      createError('EKB_ERR_DEPENDENCY_FAILED', { ...inner, statusCode: 400, reason: 'secret' }),
      502,
      'EKB_ERR_DEPENDENCY_FAILED',
      /depends on/,
    ],
    [
      'a dependency that is down',
      createError('EKB_ERR_DEPENDENCY_DOWN', { ...inner, waitedMs: 5 }),
      503,
      'EKB_ERR_DEPENDENCY_DOWN',
      /not available/,
    ],
    [
      'a worker that was lost',
      createError('EKB_ERR_WORKER_LOST', { ...inner, reason: 'secret' }),
      503,
      'EKB_ERR_WORKER_LOST',
      /was lost/,
    ],
    [
      'overload inside',
      createError('EKB_ERR_OVERLOADED', { service: 'Embedder', queued: 3 }),
      503,
      'EKB_ERR_OVERLOADED',
      /try again later/,
    ],
    [
      'overload at the edge',
      createError('EKB_ERR_OVERLOADED', { service: 'Embedder', queued: 3 }, { statusCode: 429 }),
      429,
      'EKB_ERR_OVERLOADED',
      /try again later/,
    ],
    [
      'a time that was up inside',
      createError('EKB_ERR_TIMEOUT', { what: 'Embedder.embed', timeoutMs: 5 }),
      504,
      'EKB_ERR_TIMEOUT',
      /in time/,
    ],
    [
      'a call of no api',
      createError('EKB_ERR_SERVICE_NOT_AN_API', { ...inner, apis: [] }),
      500,
      'EKB_ERR_SERVICE_NOT_AN_API',
      undefined,
    ],
    [
      'what cannot be sent',
      createError('EKB_ERR_NOT_SERIALISABLE', { path: '$.secret', received: 'a function' }),
      500,
      'EKB_ERR_NOT_SERIALISABLE',
      undefined,
    ],
    [
      'a detail of an error that is masked',
      new ServiceError('secret', { detail: { at: 'secret' } }),
      500,
      'EKB_ERR_INTERNAL',
      undefined,
    ],
    [
      'exposed, with no status',
      Object.assign(new Error('secret'), { expose: true }),
      500,
      'EKB_ERR_INTERNAL',
      undefined,
    ],
    [
      'exposed, below 400',
      Object.assign(new Error('secret'), { expose: true, status: 302 }),
      500,
      'EKB_ERR_INTERNAL',
      undefined,
    ],
    [
      'exposed, above 500',
      Object.assign(new Error('Busy'), { expose: true, statusCode: 503, code: 'BUSY' }),
      503,
      'BUSY',
      /^Busy$/,
    ],
    ['null', null, 500, 'EKB_ERR_INTERNAL', undefined],
  ]
  for (const [name, thrown, status, code, shows] of table) {
    test(`of ${name}`, () => {
      const error = toPublicError(thrown)
      assert.deepEqual([error.statusCode, error.code], [status, code])
      if (shows !== undefined) assert.match(error.message, shows)
      else assert.equal(error.level, 'error')
      assert.doesNotMatch(JSON.stringify(error), /secret|Embedder/)
    })
  }
})

describe('errorAnswer', () => {
  const headerOf = (thrown: unknown, name: string) => {
    const { headers } = errorAnswer(toPublicError(thrown), 'r1')
    const at = headers.indexOf(name)
    return at === -1 ? undefined : headers[at + 1]
  }

  test('has the body of the contract', () => {
    const { body } = errorAnswer(
      toPublicError(new ServiceError('No', { statusCode: 400, code: 'X', detail: [1] })),
      'r1',
    )
    assert.deepEqual(JSON.parse(String(body)), {
      error: 'No',
      code: 'X',
      statusCode: 400,
      detail: [1],
      requestId: 'r1',
    })
  })

  test('says when to try again', () => {
    assert.equal(
      headerOf(createError('EKB_ERR_OVERLOADED', { service: 'A', queued: 1 }, { statusCode: 429 }), 'retry-after'),
      '1',
    )
    assert.equal(headerOf(new ServiceError('Busy', { statusCode: 503 }), 'retry-after'), '1')
    assert.equal(headerOf(new ServiceError('No', { statusCode: 404 }), 'retry-after'), undefined)
  })

  test('goes without a detail that JSON cannot hold', () => {
    const { body } = errorAnswer(toPublicError(new ServiceError('No', { statusCode: 400, detail: 1n })), 'r1')
    assert.equal(JSON.parse(String(body)).detail, undefined)
  })
})
