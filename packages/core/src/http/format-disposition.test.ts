import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDisposition } from './format-disposition.js'

const table: readonly [name: string, type: string, expected: string][] = [
  ['cat.png', 'image/png', 'inline; filename="cat.png"'],
  ['x.svg', 'image/svg+xml', 'attachment; filename="x.svg"'],
  ['x.html', 'text/html', 'attachment; filename="x.html"'],
  ['a "b"\r\n.bin', '', `attachment; filename="a _b___.bin"; filename*=UTF-8''a%20%22b%22%0D%0A.bin`],
  [
    "grüße (1)'.txt",
    'text/plain;charset=utf-8',
    `inline; filename="gr__e (1)'.txt"; filename*=UTF-8''gr%C3%BC%C3%9Fe%20%281%29%27.txt`,
  ],
  ['\ud800', '', `attachment; filename="_"; filename*=UTF-8''_`],
]
for (const [name, type, expected] of table) {
  test(JSON.stringify(name), () => assert.equal(formatDisposition(name, type), expected))
}
