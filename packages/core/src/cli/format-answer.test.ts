import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatAnswer, formatItem } from './format-answer.js'

describe('formatAnswer', () => {
  const bytes = new Uint8Array([0, 255])
  const cases: [unknown, boolean, string | Uint8Array][] = [
    [{ a: [1] }, false, '{"a":[1]}\n'],
    [{ a: 1 }, true, '{\n  "a": 1\n}\n'],
    ['text', false, 'text'],
    ['text', true, 'text\n'],
    ['text\n', true, 'text\n'],
    [undefined, false, 'null\n'],
    [null, true, 'null\n'],
    [bytes, false, bytes],
  ]
  for (const [value, isTerminal, printed] of cases) {
    it(`${JSON.stringify(value)}${isTerminal ? ' on a terminal' : ''}`, () => {
      assert.deepEqual(formatAnswer(value, isTerminal), printed)
    })
  }
})

describe('formatItem', () => {
  it('prints a piece of text as it is', () => assert.equal(formatItem('to'), 'to'))
  it('prints anything else as a line', () => assert.equal(formatItem({ a: 1 }), '{"a":1}\n'))
})
