import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTimeLeft } from './parse-time-left.js'

describe('parseTimeLeft', () => {
  for (const [header, limitMs, expected] of [
    ['200', undefined, 200],
    ['200', 1000, 200],
    ['2000', 1000, 1000],
    ['0', undefined, 0],
    ['9999999999', undefined, 2 ** 31 - 1],
    [undefined, 1000, 1000],
    [undefined, undefined, undefined],
    ['soon', 1000, 1000],
    ['-5', undefined, undefined],
    ['1e3', undefined, undefined],
    [['1', '2'], 50, 50],
  ] as const) {
    it(`${header} with a limit of ${limitMs}: ${expected}`, () => {
      assert.equal(parseTimeLeft(header as string | string[] | undefined, limitMs), expected)
    })
  }
})
