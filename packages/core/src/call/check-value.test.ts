import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { checkValue } from './check-value.js'
import { MAX_VALUE_DEPTH } from './value-kinds.js'

const refused = (path: string, received: RegExp) => (error: unknown) => {
  assert.ok(isServiceError(error, 'EKB_ERR_NOT_SERIALISABLE'))
  assert.match(error.message, received)
  assert.ok(error.message.endsWith(` at ${path}`), error.message)
  return true
}

test('plain data is sent as it is, without a copy', () => {
  const value = { text: 'a', list: [{ n: 1 }], none: undefined }
  assert.equal(checkValue(value).value, value)
  const withDate = { plain: value, at: new Date() }
  assert.equal((checkValue(withDate).value as typeof withDate).plain, value)
  assert.ok(withDate.at instanceof Date)
})

class Thing {}
class MyMap extends Map {}
const cycle: { self?: unknown } = {}
cycle.self = { back: [cycle] }
const REFUSED: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['a function', { items: [0, 1, 2, { fn: () => 1 }] }, '$.items[3].fn', /a function/],
  ['a function alone', () => 1, '$', /a function/],
  ['a symbol', { 'odd key': Symbol('s') }, '$["odd key"]', /a symbol/],
  ['a class instance', [new Thing()], '$[0]', /an instance of Thing/],
  ['a class that extends Map', { m: new MyMap() }, '$.m', /an instance of MyMap/],
  ['a promise', { p: Promise.resolve() }, '$.p', /a promise/],
  ['a stream', { s: new ReadableStream() }, '$.s', /a stream/],
  ['a generator', { g: (function* () {})() }, '$.g', /an (instance|object)/],
  ['a WeakMap', { w: new WeakMap() }, '$.w', /an instance of WeakMap/],
  ['a cycle', cycle, '$.self.back[0]', /a cycle/],
  ['a function in a Map', { m: new Map([['k', () => 1]]) }, '$.m[0][1]', /a function/],
  ['a function in a Set', new Set([() => 1]), '$[0]', /a function/],
]
for (const [name, value, path, received] of REFUSED) {
  test(`refused with its path: ${name}`, () => assert.throws(() => checkValue(value), refused(path, received)))
}

test('data may be deep, but not without end', () => {
  const nest = (levels: number) => {
    let value: unknown = 'end'
    for (let level = 0; level < levels; level++) value = { value }
    return value
  }
  assert.deepEqual(checkValue(nest(500)).value, nest(500))
  assert.throws(() => checkValue(nest(MAX_VALUE_DEPTH + 2)), /nested deeper than 1000 levels/)
  assert.throws(() => checkValue(nest(200_000)), /nested deeper than 1000 levels/)
})
