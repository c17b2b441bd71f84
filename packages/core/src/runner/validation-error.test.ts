import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIssuePath, inputError, outputError } from './validation-error.js'

test('paths read as people write them', () => {
  assert.equal(formatIssuePath([]), '')
  assert.equal(formatIssuePath(['items', 0, 'name']), 'items[0].name')
  assert.equal(formatIssuePath([2, 'a']), '[2].a')
})

test('an input error has an entry per issue, whatever form its path has', () => {
  const error = inputError([
    { message: 'too short', path: ['a', { key: 0 }] },
    { message: 'odd', path: [Symbol('s')] },
    { message: 'all of it' },
  ])
  assert.equal(error.message, 'The input is not valid: a[0]: too short (and 2 more)')
  assert.deepEqual(error.detail, [
    { path: ['a', 0], message: 'too short' },
    { path: ['Symbol(s)'], message: 'odd' },
    { path: [], message: 'all of it' },
  ])
})

test('a thousand issues are told by a hundred', () => {
  const issues = Array.from({ length: 1000 }, (_, index) => ({ message: 'wrong', path: [index] }))
  assert.equal((inputError(issues).detail as unknown[]).length, 100)
  assert.match(inputError(issues).message, /\(and 999 more\)$/)
})

test('an output error names service and api', () => {
  assert.match(
    outputError('Texts', 'classify', [{ message: 'is required', path: ['score'] }]).message,
    /Texts\.classify .* score: is required$/,
  )
})
