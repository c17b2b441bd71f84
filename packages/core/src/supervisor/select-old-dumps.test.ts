import assert from 'node:assert/strict'
import { it } from 'node:test'
import { selectOldDumps } from './select-old-dumps.js'

const names = (count: number) => Array.from({ length: count }, (_, index) => `2026-01-${10 + index}-Name-0-1.json`)

it('keeps the last twenty, in whatever order they come', () => {
  assert.deepEqual(selectOldDumps(names(20)), [])
  assert.deepEqual(selectOldDumps(names(22).reverse()), names(2))
})
