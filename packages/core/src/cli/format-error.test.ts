import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createError } from '../errors/service-error.js'
import { formatError as formatErrorIn } from './format-error.js'

const formatError = (error: unknown) => formatErrorIn(error, '/ours/dist/')
const withStack = (error: Error, stack: string) => Object.assign(error, { stack })

describe('formatError', () => {
  it('prints code, message and hint of an error of ours, without its stack', () => {
    const error = createError('EKB_ERR_CLI_USAGE', { reason: "Unknown option '--prot'", near: ['--port'] })
    assert.equal(
      formatError(error),
      "EKB_ERR_CLI_USAGE: Unknown option '--prot'\n  hint: Run the command with --help. Did you mean --port?\n",
    )
  })

  it("prints the user's own stack once", () => {
    const inner = withStack(new TypeError('no model'), 'TypeError: no model\n    at service.ts:3')
    const middle = createError('EKB_ERR_IDENTIFIER_LOAD_FAILED', { file: 's.ts', reason: 'no model' }, { cause: inner })
    const params = { service: 'A', slot: 0, stage: 'load', reason: 'no model' }
    const text = formatError(createError('EKB_ERR_WORKER_BOOT_FAILED', params, { cause: middle }))
    assert.match(text, /^EKB_ERR_WORKER_BOOT_FAILED: .*\n {2}hint: .*\n\nCaused by EKB_ERR_IDENTIFIER_LOAD_FAILED: /)
    assert.equal(text.split('at service.ts:3').length, 2)
    assert.ok(text.endsWith('Caused by TypeError: no model\n    at service.ts:3\n'))
  })

  it('prints no stack in which nobody but Node and we took part', () => {
    const frames = '\n    at bind (/ours/dist/supervisor.js:7:1)\n    at async node:internal/process:1:1'
    const cause = withStack(new Error('bind EACCES'), `Error: bind EACCES${frames}`)
    const params = { address: '0.0.0.0:80', reason: 'bind EACCES' }
    const text = formatError(createError('EKB_ERR_SOCKET_UNAVAILABLE', params, { cause }))
    assert.ok(text.endsWith('\n\nCaused by Error: bind EACCES\n'), text)
  })

  it('prints the last output of a worker, unless it says no more than the cause', () => {
    const params = { service: 'A', slot: 0, stage: 'start', reason: 'code 1' }
    const detail = { lastOutput: 'loading\nboom\n' }
    const alone = formatError(createError('EKB_ERR_WORKER_BOOT_FAILED', params, { detail }))
    assert.ok(alone.endsWith('\n\nLast output of the worker:\n  loading\n  boom\n'))
    const cause = withStack(new Error('x'), 'Error: x\nloading\nboom')
    assert.doesNotMatch(
      formatError(createError('EKB_ERR_WORKER_BOOT_FAILED', params, { detail, cause })),
      /Last output/,
    )
  })

  it('prints the stack of anything else', () => {
    assert.equal(formatError(withStack(new Error('x'), 'Error: x\n    at y')), 'Unexpected error: Error: x\n    at y\n')
    assert.equal(formatError('text'), 'Unexpected error: text\n')
    assert.equal(formatError(undefined), 'Unexpected error: undefined\n')
  })

  it('comes to an end where causes go round', () => {
    const error = withStack(new Error('x'), 'Error: x')
    error.cause = error
    assert.ok(formatError(error).length < 500)
  })
})
