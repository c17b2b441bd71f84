import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClientError, clientError } from '../client/client-error.js'
import { toPublicError } from '../errors/public-error.js'
import type { ServiceError } from '../errors/service-error.js'
import { failureOf, toDependencyError } from './remote-error.js'
import type { ServiceCallError } from './service-call-error.js'

const CALL = { service: 'Ocr', api: 'read', url: 'http://ocr:3000', timeoutMs: 200 }
const what = 'POST http://ocr:3000/read'
const broken = (code: string) => ({ cause: new TypeError('fetch failed', { cause: { code, message: code } }) })
const unreachable = (code: string) => clientError('EKB_ERR_CLIENT_UNREACHABLE', { what, reason: '' }, broken(code))
const cut = (code: string) => clientError('EKB_ERR_CLIENT_CUT', { what, reason: '' }, broken(code))
const refused = (statusCode: number, code?: string) =>
  code === undefined
    ? clientError('EKB_ERR_CLIENT_REFUSED', { what, statusCode, reason: 'no such page' }, { statusCode })
    : new ClientError('no such page', { statusCode, code, detail: { page: 7 } })

describe('failureOf', () => {
  for (const [name, error, expected] of [
    ['nobody listens', unreachable('ECONNREFUSED'), 'unsent'],
    ['no such host', unreachable('ENOTFOUND'), 'unsent'],
    ['a reset before the answer', unreachable('ECONNRESET'), 'lost'],
    ['an end in the middle', cut('UND_ERR_SOCKET'), 'lost'],
    ['a certificate that is not trusted', unreachable('DEPTH_ZERO_SELF_SIGNED_CERT'), 'final'],
    ['no answer for too long', unreachable('UND_ERR_HEADERS_TIMEOUT'), 'final'],
    ['overload', refused(429, 'EKB_ERR_OVERLOADED'), 'busy'],
    ['a server that is away', refused(503), 'busy'],
    ['a refusal', refused(404), 'final'],
    ['a bug', new Error('x'), 'final'],
  ] as const) {
    it(`${name}: ${expected}`, () => assert.equal(failureOf(error), expected))
  }

  it('of several addresses that were tried, all count', () => {
    const tried = (codes: string[]) =>
      clientError(
        'EKB_ERR_CLIENT_UNREACHABLE',
        { what, reason: '' },
        { cause: { errors: codes.map((code) => ({ code })) } },
      )
    assert.equal(failureOf(tried(['ECONNREFUSED', 'EHOSTUNREACH'])), 'unsent')
    assert.equal(failureOf(tried(['ECONNREFUSED', 'ECONNRESET'])), 'lost')
  })
})

describe('toDependencyError', () => {
  for (const [name, error, code, statusCode] of [
    ['nobody listens', unreachable('ECONNREFUSED'), 'EKB_ERR_DEPENDENCY_DOWN', 503],
    ['an answer that breaks off', cut('UND_ERR_SOCKET'), 'EKB_ERR_WORKER_LOST', 503],
    ['no answer for too long', unreachable('UND_ERR_HEADERS_TIMEOUT'), 'EKB_ERR_TIMEOUT', 504],
    ['no time left', clientError('EKB_ERR_CLIENT_TIMEOUT', { what, timeoutMs: 1 }), 'EKB_ERR_TIMEOUT', 504],
    ['its caller left', clientError('EKB_ERR_CLIENT_ABORTED', { what }), 'EKB_ERR_ABORTED', 499],
    ['no JSON', clientError('EKB_ERR_CLIENT_ANSWER', { what, reason: 'x' }), 'EKB_ERR_CALL_PROTOCOL', 502],
    ['overload', refused(429, 'EKB_ERR_OVERLOADED'), 'EKB_ERR_OVERLOADED', 429],
    ['overload inside', refused(503, 'EKB_ERR_OVERLOADED'), 'EKB_ERR_OVERLOADED', 503],
    ['a proxy that has enough', refused(429), 'EKB_ERR_OVERLOADED', 429],
    ['a proxy with nothing behind it', refused(503), 'EKB_ERR_DEPENDENCY_DOWN', 503],
    ['a bad gateway', refused(502), 'EKB_ERR_DEPENDENCY_FAILED', 502],
    ['its own time was up', refused(504, 'EKB_ERR_TIMEOUT'), 'EKB_ERR_TIMEOUT', 504],
    ['an error of its own', refused(500, 'EKB_ERR_INTERNAL'), 'EKB_ERR_INTERNAL', 500],
    ['a code of its own', refused(507, 'DISK_FULL'), 'DISK_FULL', 507],
    ['a refusal', refused(404, 'NO_PAGE'), 'EKB_ERR_DEPENDENCY_FAILED', 502],
    ['a quota of its own', refused(429, 'QUOTA'), 'EKB_ERR_DEPENDENCY_FAILED', 502],
  ] as const) {
    it(`${name}: ${code}, ${statusCode}; a client reads no address`, () => {
      const made = toDependencyError(error, CALL) as ServiceError
      assert.deepEqual([made.code, made.statusCode], [code, statusCode])
      assert.match(made.message, /ocr:3000/)
      assert.doesNotMatch(JSON.stringify(toPublicError(made)), /ocr|Ocr|no such page/)
    })
  }

  it('says what cannot be sent, and where', () => {
    const detail = { path: '$.tags', received: 'a Set' }
    const error = clientError('EKB_ERR_CLIENT_INPUT', { what, ...detail }, { detail })
    const { code, message } = toDependencyError(error, CALL) as ServiceError
    assert.deepEqual(
      [code, message],
      ['EKB_ERR_NOT_SERIALISABLE', 'Cannot send a Set at $.tags to Ocr.read (http://ocr:3000)'],
    )
  })

  it("has the service's own answer, to be passed on", () => {
    const { remote, asOwn } = toDependencyError(refused(404, 'NO_PAGE'), CALL) as ServiceCallError
    const expected = { statusCode: 404, code: 'NO_PAGE', message: 'no such page', detail: { page: 7 } }
    assert.deepEqual(remote, { ...expected, origin: undefined })
    const { statusCode, code, message, detail } = toPublicError(asOwn.call({ remote } as never))
    assert.deepEqual({ statusCode, code, message, detail }, expected)
  })

  it('keeps the address out of what a server without codes said', () => {
    const { remote } = toDependencyError(refused(404), CALL) as ServiceCallError
    assert.deepEqual([remote.code, remote.message], ['EKB_ERR_INTERNAL', 'no such page'])
  })

  it('keeps when to come again', () => {
    const busy = new ClientError('x', { statusCode: 503, code: 'EKB_ERR_OVERLOADED', retryAfterMs: 7_000 })
    assert.equal(toPublicError(toDependencyError(busy, CALL)).retryAfterMs, 7_000)
  })

  it('leaves another error as it is', () => {
    const error = new TypeError('x')
    assert.equal(toDependencyError(error, CALL), error)
  })
})
