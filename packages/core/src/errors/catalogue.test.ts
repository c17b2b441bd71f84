import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CATALOGUE, type ErrorCode, type ErrorRow } from './catalogue.js'
import { createError } from './service-error.js'

const rows = Object.entries(CATALOGUE) as unknown as [ErrorCode, ErrorRow<object>][]

/** Stands for the params of any row: a list of one prints as text, and has a list's methods. */
const samples = new Proxy({}, { get: () => ['sample'] })
const empty = new Proxy({}, { get: () => [] })

/** Contract: codes with the status or exit code that tests of others rely on. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  EKB_ERR_IDENTIFIER_MALFORMED: 4,
  EKB_ERR_IDENTIFIER_NOT_FOUND: 4,
  EKB_ERR_IDENTIFIER_EXPORT_NOT_FOUND: 4,
  EKB_ERR_IDENTIFIER_NOT_A_SERVICE: 4,
  EKB_ERR_IDENTIFIER_AMBIGUOUS: 4,
  EKB_ERR_IDENTIFIER_LOAD_FAILED: 4,
  EKB_ERR_IDENTIFIER_BUNDLE_UNKNOWN: 4,
  EKB_ERR_GRAPH_CYCLE: 2,
  EKB_ERR_GRAPH_NAME_CLASH: 2,
  EKB_ERR_GRAPH_DEPENDENCY_UNKNOWN: 2,
  EKB_ERR_CONFIG_UNKNOWN: 2,
  EKB_ERR_CONFIG_INVALID: 2,
  EKB_ERR_CLI_USAGE: 2,
  EKB_ERR_SOCKET_IN_USE: 6,
  EKB_ERR_SOCKET_DENIED: 6,
  EKB_ERR_SOCKET_UNAVAILABLE: 6,
  EKB_ERR_WORKER_BOOT_FAILED: 3,
  EKB_ERR_WORKER_BOOT_TIMEOUT: 3,
  EKB_ERR_FLAPPING: 5,
}
const STATUS_CODES: Partial<Record<ErrorCode, number>> = {
  EKB_ERR_BODY_INVALID: 400,
  EKB_ERR_VALIDATION: 400,
  EKB_ERR_ROUTE_NOT_FOUND: 404,
  EKB_ERR_METHOD_NOT_ALLOWED: 405,
  EKB_ERR_BODY_TOO_LARGE: 413,
  EKB_ERR_MEDIA_TYPE: 415,
  EKB_ERR_OVERLOADED: 503,
  EKB_ERR_INTERNAL: 500,
  EKB_ERR_NOT_SERIALISABLE: 500,
  EKB_ERR_DEPENDENCY_FAILED: 502,
  EKB_ERR_DEPENDENCY_DOWN: 503,
  EKB_ERR_TIMEOUT: 504,
  EKB_ERR_WORKER_LOST: 503,
  EKB_ERR_TASK_UNSUPPORTED: 404,
}
const THROWN: readonly ErrorCode[] = [
  'EKB_ERR_SERVICE_NO_MODULE',
  'EKB_ERR_SERVICE_NOT_PLANNED',
  'EKB_ERR_SERVICE_NOT_A_PLUGIN',
  'EKB_ERR_SERVICE_NAME',
  'EKB_ERR_NESTED_CLUSTER',
]

describe('error catalogue', () => {
  it('names every code EKB_ERR_<AREA>_<WHAT>', () => {
    assert.ok(rows.length > 0, 'the catalogue is empty')
    for (const [code] of rows) assert.match(code, /^EKB_ERR_[A-Z]+(_[A-Z]+)*$/)
  })

  it('renders every message and hint', () => {
    for (const [code, row] of rows) {
      for (const params of [samples, empty]) {
        for (const text of [row.message(params), row.hint(params)]) {
          assert.doesNotMatch(String(text), /undefined|null|NaN|\[object/, code)
        }
      }
      const texts = [String(row.message(samples)), row.hint(samples)]
      for (const text of texts) assert.equal(text, text.trim(), `${code} begins or ends with white space`)
      assert.ok(row.message(samples).length > 0, `${code} has no message`)
      assert.match(row.hint(samples), /^[\w'"/].{8,}[.)\w?]$/s, `${code} has no hint`)
      assert.doesNotMatch(String(row.message(samples)), /!|sorry|please/i, code)
    }
  })

  it('answers with a status of 400 to 599 and ends with an exit code of 0 to 7', () => {
    for (const [code, row] of rows) {
      const { statusCode = 500, exitCode = 1 } = row
      assert.ok(statusCode >= 400 && statusCode <= 599, code)
      assert.ok(exitCode >= 0 && exitCode <= 7, code)
    }
  })

  it('has the exit codes and statuses of the contract', () => {
    for (const [code, exitCode] of Object.entries(EXIT_CODES)) {
      assert.equal((CATALOGUE[code as ErrorCode] as ErrorRow<never>).exitCode, exitCode, code)
    }
    for (const [code, statusCode] of Object.entries(STATUS_CODES)) {
      assert.equal((CATALOGUE[code as ErrorCode] as ErrorRow<never>).statusCode, statusCode, code)
    }
    for (const code of THROWN) assert.ok(code in CATALOGUE, code)
  })

  it('lets nothing of a server error reach a client but what is marked', () => {
    for (const [code, row] of rows) {
      const error = createError(code, samples as never)
      assert.equal(error.expose, row.expose ?? (row.statusCode ?? 500) < 500, code)
    }
    assert.equal(createError('EKB_ERR_INTERNAL', { reason: 'secret' }).expose, false)
  })

  it('suggests near names only where there are some', () => {
    const hint = (near: string[]) => createError('EKB_ERR_CONFIG_UNKNOWN', { source: 'x', key: 'y', near }).hint
    assert.equal(hint([]), 'Remove it or correct its name.')
    assert.equal(hint(['port', 'host']), 'Remove it or correct its name. Did you mean port or host?')
  })

  it('takes another status where one code has two', () => {
    const error = createError('EKB_ERR_OVERLOADED', { service: 'A', queued: 3 }, { statusCode: 429 })
    assert.deepEqual([error.statusCode, error.retryable, error.expose], [429, true, true])
  })
})
