import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNestedDeeper } from './json-depth.js'

const table: readonly [text: string, isDeeper: boolean][] = [
  ['[[[1]]]', false],
  ['[[[[1]]]]', true],
  ['{"a":{"b":[]}}', false],
  ['{"a":{"b":[{}]}}', true],
  ['[[[]],[[]],[[]],[[]]]', false],
  ['["[[[[[[[[", "{{{{{{{{"]', false],
  ['["\\"[[[[[[[["]', false],
  ['["\\\\",[[[[]]]]]', true],
  ['["\\\\\\"[[[[[[[["]', false],
  ['"[[[[[[[[[[[[', false],
  ['[', false],
  ['[[[[[[[[[[[[', true],
]
for (const [text, isDeeper] of table) {
  test(`${text} nests ${isDeeper ? '' : 'no '}deeper than three levels`, () => {
    assert.equal(isNestedDeeper(text, 3), isDeeper)
  })
}
