import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBytes } from './parse-bytes.js'

test('reads numbers and sizes with a unit', () => {
  const cases: [unknown, number | undefined][] = [
    [0, 0],
    [1024, 1024],
    ['512', 512],
    ['1K', 1024],
    ['300M', 300 * 1024 ** 2],
    ['300m', 300 * 1024 ** 2],
    ['1.5G', 1.5 * 1024 ** 3],
    ['16 MiB', 16 * 1024 ** 2],
    ['16MB', 16 * 1024 ** 2],
    ['2T', 2 * 1024 ** 4],
    [-1, undefined],
    [1.5, undefined],
    [Number.NaN, undefined],
    ['', undefined],
    ['M', undefined],
    ['-1M', undefined],
    ['12 parsecs', undefined],
    ['9999999T', undefined],
    [null, undefined],
    [{}, undefined],
  ]
  for (const [size, expected] of cases) assert.equal(parseBytes(size), expected, `parseBytes(${JSON.stringify(size)})`)
})
