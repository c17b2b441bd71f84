import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findJsonError } from './json-error.js'

describe('findJsonError', () => {
  const cases: readonly (readonly [text: string, position: number, reason: string])[] = [
    ['', 0, 'it ends too early'],
    ['{', 1, 'it ends too early'],
    ['{"a": 1', 7, 'it ends too early'],
    ['{"a": "x', 8, 'it ends too early'],
    ['"', 1, 'it ends too early'],
    ['{"a": x}', 6, 'unexpected "x"'],
    ['{a: 1}', 1, 'unexpected "a"'],
    ["{'a': 1}", 1, 'unexpected "\'"'],
    ['{"a" 1}', 5, 'unexpected "1"'],
    ['{"a": 1,}', 8, 'unexpected "}"'],
    ['[1, 2,]', 6, 'unexpected "]"'],
    ['[1 2]', 3, 'unexpected "2"'],
    ['[1}', 2, 'unexpected "}"'],
    ['{"a":1]', 6, 'unexpected "]"'],
    ['{"a":[{},[]],"b":{"c":[1,{}]}} x', 31, 'unexpected "x"'],
    ['01', 1, 'unexpected "1"'],
    ['NaN', 0, 'unexpected "N"'],
    ['nul', 0, 'unexpected "n"'],
    ['"a\nb"', 2, 'unexpected "\\n"'],
    ['"\\x"', 1, 'unexpected "\\\\"'],
  ]
  for (const [text, position, reason] of cases) {
    it(`finds it in ${JSON.stringify(text)}`, () => {
      assert.throws(() => JSON.parse(text), SyntaxError, 'the case is valid JSON')
      const error = findJsonError(text)
      assert.equal(error.position, position)
      assert.equal(error.reason, reason)
    })
  }

  it('counts lines and columns from one', () => {
    const { line, column } = findJsonError('{\n  "a": 1,\n  b: 2\n}')
    assert.deepEqual({ line, column }, { line: 3, column: 3 })
  })

  it('is not felled by deep nesting or a long string', () => {
    assert.equal(findJsonError('['.repeat(1_000_000)).position, 1_000_000)
    assert.equal(findJsonError(`"${'a\\n'.repeat(500_000)}`).position, 1_500_001)
    assert.equal(findJsonError(`"${'\\n'.repeat(8_000_000)}`).position, 16_000_001)
  })
})
