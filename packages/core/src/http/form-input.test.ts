import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FieldKind } from '../runner/field-kinds.js'
import { baseName, type FormEntry, formInput, isFilePart } from './form-input.js'

const file = new File(['x'], 'x.txt')

describe('formInput', () => {
  const table: readonly [entries: readonly FormEntry[], kind: FieldKind | undefined, expected: unknown][] = [
    [[{ name: 'a', value: '5' }], undefined, 5],
    [[{ name: 'a', value: '5' }], 'other', 5],
    [[{ name: 'a', value: '5' }], 'text', '5'],
    [[{ name: 'a', value: '"5"' }], 'text', '5'],
    [[{ name: 'a', value: 'five' }], undefined, 'five'],
    [[{ name: 'a', value: '{"b":1}' }], undefined, { b: 1 }],
    [[{ name: 'a', value: '{"b":1}', isJson: true }], 'other', { b: 1 }],
    [[{ name: 'a', value: 'x' }], 'list', ['x']],
    [[{ name: 'a', value: '["x"]' }], 'list', ['x']],
    [[{ name: 'a', value: '5' }], 'texts', ['5']],
    [[{ name: 'a', value: '' }], 'texts', ['']],
    [[{ name: 'a', value: '["5",6]' }], 'texts', ['5', 6]],
    [
      [
        { name: 'a', value: '["5"]' },
        { name: 'a', value: 'true' },
      ],
      'texts',
      ['["5"]', 'true'],
    ],
    [[{ name: 'a', value: file }], 'file', file],
    [[{ name: 'a', value: file }], 'files', [file]],
    [[{ name: 'a', value: file }], undefined, file],
    [
      [
        { name: 'a', value: '1' },
        { name: 'a', value: 'b' },
      ],
      'text',
      ['1', 'b'],
    ],
  ]
  for (const [entries, kind, expected] of table) {
    test(`${JSON.stringify(entries)} for ${kind}`, () => {
      assert.deepEqual(formInput(entries, new Map(kind === undefined ? [] : [['a', kind]])), { a: expected })
    })
  }

  test('refuses text where a file belongs, a URL too', () => {
    for (const kind of ['file', 'files'] as const) {
      assert.throws(() => formInput([{ name: 'a', value: 'http://x/y.png' }], new Map([['a', kind]])), {
        code: 'EKB_ERR_BODY_INVALID',
        message: /'a' must be a file.*not fetched/,
      })
    }
  })

  test('refuses what is said to be JSON and is none', () => {
    assert.throws(() => formInput([{ name: 'a', value: '{', isJson: true }], new Map()), { statusCode: 400 })
  })

  test('refuses names and keys that reach a prototype', () => {
    for (const entry of [
      { name: '__proto__', value: '1' },
      { name: 'a', value: '{"__proto__":1}' },
      { name: 'a[__proto__][b]', value: '1' },
      { name: 'a.__proto__', value: '1' },
      { name: 'constructor', value: '{"prototype":{"a":1}}' },
      { name: 'a[constructor][prototype]', value: '1' },
      { name: 'constructor.prototype.a', value: '1' },
    ]) {
      assert.throws(() => formInput([entry], new Map()), { code: 'EKB_ERR_BODY_INVALID' })
    }
  })
})

test('formInput takes names that only look like those', () => {
  const names = ['constructor', 'prototype', 'my__proto__', 'prototype.constructor', 'a[b]', '']
  const entries = names.map((name) => ({ name, value: 'x' }))
  assert.deepEqual(formInput(entries, new Map()), Object.fromEntries(names.map((name) => [name, 'x'])))
})

test('isFilePart', () => {
  const named = { fileName: 'a.json', type: 'application/json' }
  assert.equal(isFilePart(named, undefined), true)
  assert.equal(isFilePart(named, 'file'), true)
  assert.equal(isFilePart(named, 'other'), false)
  assert.equal(isFilePart({ fileName: undefined, type: 'text/plain' }, 'file'), false)
  assert.equal(isFilePart({ fileName: undefined, type: 'image/png' }, 'file'), true)
  assert.equal(isFilePart({ fileName: undefined, type: 'text/plain' }, undefined), false)
  assert.equal(isFilePart({ fileName: 'a.txt', type: 'text/plain' }, 'text'), true)
})

test('baseName keeps no path', () => {
  const names: readonly [string, string][] = [
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\win.ini', 'win.ini'],
    ['a/..', ''],
    ['.', ''],
    ['a\u0000b\r\n.txt', 'ab.txt'],
    ['grüße.txt', 'grüße.txt'],
    ['.env', '.env'],
  ]
  for (const [given, expected] of names) assert.equal(baseName(given), expected)
})
