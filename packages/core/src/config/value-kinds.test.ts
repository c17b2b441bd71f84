import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  boolean,
  bytes,
  describeValue,
  host,
  integer,
  milliseconds,
  name,
  number,
  orWord,
  port,
  seconds,
  textList,
  type ValueKind,
  workerCount,
} from './value-kinds.js'

interface Table {
  readonly kind: ValueKind
  readonly texts: readonly (readonly [string, unknown])[]
  readonly refusedTexts: readonly string[]
  readonly values: readonly (readonly [unknown, unknown])[]
  readonly refusedValues: readonly unknown[]
}

const TABLES: Readonly<Record<string, Table>> = {
  port: {
    kind: port,
    texts: [
      ['0', 0],
      ['65535', 65535],
    ],
    refusedTexts: ['', '65536', '-1', '1.5', '0x10', '1e3', ' 80', 'abc', 'tcp://10.0.0.1:80'],
    values: [[3000, 3000]],
    refusedValues: ['3000', 1.5, Number.NaN, null, true, [], {}],
  },
  workers: {
    kind: workerCount,
    texts: [
      ['4', 4],
      ['cpu', 'cpu'],
    ],
    refusedTexts: ['0', '-2', 'CPU', 'all'],
    values: [
      [1, 1],
      ['cpu', 'cpu'],
    ],
    refusedValues: [0, '4', Number.POSITIVE_INFINITY],
  },
  seconds: {
    kind: orWord('none', seconds(1)),
    texts: [
      ['2', 2000],
      ['0.25', 250],
      ['1.001', 1001],
      ['none', 'none'],
    ],
    refusedTexts: ['0', '-1', '0.0001', '2147484', '5s', 'Infinity'],
    values: [[2, 2000]],
    refusedValues: ['2', Number.POSITIVE_INFINITY, Number.NaN],
  },
  milliseconds: {
    kind: milliseconds(0),
    texts: [['0', 0]],
    refusedTexts: ['-1', '2147483648'],
    values: [[2147483647, 2147483647]],
    refusedValues: [-1, 2147483648, '5'],
  },
  boolean: {
    kind: boolean,
    texts: [
      ['true', true],
      ['1', true],
      ['OFF', false],
      ['no', false],
    ],
    refusedTexts: ['maybe', 'constructor', '2'],
    values: [[false, false]],
    refusedValues: ['true', 1, null],
  },
  host: {
    kind: host,
    texts: [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['localhost', 'localhost'],
    ],
    refusedTexts: ['', 'http://x', 'a b', '[::1]'],
    values: [],
    refusedValues: [1, null],
  },
  name: {
    kind: name,
    texts: [['Text.Classifier-1_a', 'Text.Classifier-1_a']],
    refusedTexts: ['', '1a', 'a b', 'a/b', '__proto__', 'a'.repeat(64)],
    values: [],
    refusedValues: [1],
  },
  bytes: {
    kind: bytes,
    texts: [['300M', '300M']],
    refusedTexts: ['0', 'much', '-1M'],
    values: [
      [1024, 1024],
      ['1.5G', '1.5G'],
    ],
    refusedValues: [0, -1, null],
  },
  list: {
    kind: textList,
    texts: [['["--expose-gc"]', ['--expose-gc']]],
    refusedTexts: ['--expose-gc', '[1]', '{}'],
    values: [[['a'], ['a']]],
    refusedValues: ['a', [1], {}],
  },
  number: {
    kind: number(0),
    texts: [['0.5', 0.5]],
    refusedTexts: ['-0.5'],
    values: [[2, 2]],
    refusedValues: [Number.POSITIVE_INFINITY, -1],
  },
  integer: { kind: integer(1), texts: [], refusedTexts: ['0'], values: [], refusedValues: [2 ** 60] },
}

describe('value kinds', () => {
  for (const [title, table] of Object.entries(TABLES)) {
    it(`${title}: expected ${table.kind.expected}`, () => {
      for (const [text, value] of table.texts) assert.deepEqual(table.kind.fromText(text), value, text)
      for (const text of table.refusedTexts) assert.equal(table.kind.fromText(text), undefined, text)
      for (const [given, value] of table.values) assert.deepEqual(table.kind.fromValue(given), value)
      for (const given of table.refusedValues) assert.equal(table.kind.fromValue(given), undefined, String(given))
    })
  }

  it('describes what was received without the inside of objects', () => {
    assert.equal(describeValue('abc'), "'abc'")
    assert.equal(describeValue('x'.repeat(100)), `'${'x'.repeat(80)}…'`)
    assert.equal(describeValue({ password: 'x' }), 'an object')
    assert.equal(describeValue(['x']), 'a list of 1')
    assert.equal(
      describeValue(() => 1),
      'a function',
    )
    assert.equal(describeValue(null), 'null')
  })
})
