import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toJson, toJsonValue } from './to-json.js'

class Dto {
  readonly name = 'a'
  readonly #hidden = 1
  get hidden() {
    return this.#hidden
  }
}

describe('toJson', () => {
  const held: readonly [unknown, string][] = [
    [undefined, 'null'],
    [null, 'null'],
    [{ a: undefined, b: [undefined, Number.NaN] }, '{"b":[null,null]}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [{ at: new URL('http://a/') }, '{"at":"http://a/"}'],
    [new Dto(), '{"name":"a"}'],
    [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    [Float64Array.of(1, 2.5), '[1,2.5]'],
    [{ vectors: [Int8Array.of(-1)] }, '{"vectors":[[-1]]}'],
  ]
  for (const [value, text] of held) {
    test(`holds ${text}`, () => assert.equal(toJson(value), text))
    test(`leaves a value whose text is ${text}`, () => assert.equal(JSON.stringify(toJsonValue(value)) ?? 'null', text))
  }

  const loop: unknown[] = [1]
  loop.push({ loop })
  let deep: unknown = 1
  for (let depth = 0; depth < 100_000; depth++) deep = [deep]
  const refused: readonly [name: string, value: unknown, message: RegExp][] = [
    ['a function', () => {}, /a function at \$$/],
    ['a nested function', { a: [0, { b() {} }] }, /a function at \$\.a\[1\]\.b$/],
    ['a symbol', { s: Symbol.iterator }, /a symbol at \$\.s$/],
    ['a BigInt', [1, [2n]], /a BigInt at \$\[1\]\[0\]$/],
    ['a promise', { p: Promise.resolve(1) }, /await missing\?\) at \$\.p$/],
    ['a Map', { m: new Map() }, /a Map at \$\.m$/],
    ['a Set', new Set(), /a Set at \$$/],
    ['an Error', [new TypeError('x')], /an Error at \$\[0\]$/],
    ['a RegExp', { r: /x/ }, /a RegExp at \$\.r$/],
    ['a DataView', { d: new DataView(new ArrayBuffer(1)) }, /a DataView at \$\.d$/],
    ['big integers', { b: BigInt64Array.of(1n) }, /at \$\.b/],
    ['a Blob', { b: new Blob([]) }, /a Blob at \$\.b$/],
    ['a cycle', loop, /contains itself at \$\[1\]\.loop$/],
    ['a nesting beyond reason', deep, /1000 levels/],
    [
      'a toJSON that throws',
      {
        toJSON: () => {
          throw new Error('no')
        },
      },
      /what JSON refuses at \$/,
    ],
  ]
  for (const [name, value, message] of refused) {
    for (const make of [toJson, toJsonValue]) {
      test(`refuses ${name} (${make.name})`, () =>
        assert.throws(() => make(value), { code: 'EKB_ERR_NOT_SERIALISABLE', message }))
    }
  }
})

test('a value that JSON.stringify takes stays itself, not a copy', () => {
  const value = { at: new Date(0), dto: new Dto(), own: { toJSON: () => 'own' } }
  assert.equal(toJsonValue(value), value)
})
