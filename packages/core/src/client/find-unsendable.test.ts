import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findUnsendable } from './find-unsendable.js'

describe('findUnsendable', () => {
  it('finds nothing in what JSON holds', () => {
    const values = [
      undefined,
      null,
      1,
      'a',
      [1, [2]],
      { a: { b: [true] }, date: new Date(0), absent: undefined },
      { vector: new Float32Array([1, 2]) },
      { toJSON: () => 'own', hidden: () => 1 },
    ]
    for (const value of values) assert.equal(findUnsendable(value), undefined)
  })

  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const cases: [unknown, string, RegExp][] = [
    [{ a: [0, { fn: () => 1 }] }, '$.a[1].fn', /^a function$/],
    [Symbol('x'), '$', /^a symbol$/],
    [{ n: 1n }, '$.n', /^a BigInt$/],
    [[new Map()], '$[0]', /^a Map$/],
    [{ e: new TypeError('no') }, '$.e', /^an Error$/],
    [{ p: Promise.resolve() }, '$.p', /^a promise \(is an await missing\?\)$/],
    [{ deep: { file: new Blob(['x']) } }, '$.deep.file', /^a Blob below the first level$/],
    [{ deep: [new Uint8Array(2)] }, '$.deep[0]', /^a Uint8Array$/],
    [{ deep: { raw: Buffer.from('x') } }, '$.deep.raw', /^a Uint8Array$/],
    [new BigInt64Array(1), '$', /^a BigInt64Array$/],
    [cyclic, '$', /levels of nesting, or a cycle$/],
  ]
  for (const [value, path, received] of cases) {
    it(`${path}: ${received.source}`, () => {
      const found = findUnsendable(value)
      assert.equal(found?.path, path)
      assert.match(found?.received ?? '', received)
    })
  }
})
