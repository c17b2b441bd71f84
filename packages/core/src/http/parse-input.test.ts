import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { type SchemaKind, schemaKind } from '../runner/schema-kind.js'
import { isMultipart, mediaType, parseInput } from './parse-input.js'

const parse = (kind: SchemaKind, type: string | undefined, body: string | Uint8Array) =>
  parseInput({ input: kind, fields: new Map() }, type, typeof body === 'string' ? Buffer.from(body) : body)

describe('parseInput', () => {
  const table: readonly [kind: SchemaKind, type: string | undefined, body: string, expected: unknown][] = [
    ['any', 'application/json', '{"a":1}', { a: 1 }],
    ['any', 'application/json', 'null', null],
    ['any', undefined, '', {}],
    ['object', 'application/json', '', {}],
    ['object', 'Application/JSON ; charset="UTF-8"', '{"a":1}', { a: 1 }],
    ['object', 'application/ld+json', '{}', {}],
    ['object', 'application/x-www-form-urlencoded', 'a=%22x%22&b=true&c', { a: 'x', b: true, c: '' }],
    ['string', undefined, 'raw', 'raw'],
    ['string', 'text/html', '', ''],
    ['string', undefined, '', ''],
    ['string', 'application/octet-stream', 'grüße', 'grüße'],
    ['string', 'application/json', '"a"', 'a'],
    ['json', 'application/json', '[1]', [1]],
    ['unknown', 'text/csv', 'a,b', 'a,b'],
    ['unknown', 'application/json', '1', 1],
  ]
  for (const [kind, type, body, expected] of table) {
    test(`${kind} from ${type} ${JSON.stringify(body)}`, () => assert.deepEqual(parse(kind, type, body), expected))
  }

  test('bytes for a schema of unknown form', () => {
    assert.deepEqual(parse('unknown', 'image/png', Buffer.from([1, 255])), Buffer.from([1, 255]))
  })

  test('a file for a binary input, whatever its type', async () => {
    for (const type of ['image/png', 'application/json', undefined]) {
      const file = parse('binary', type, Buffer.from([1, 255])) as File
      assert.ok(file instanceof Blob)
      assert.equal(file.type, type ?? '')
      assert.deepEqual([...new Uint8Array(await file.arrayBuffer())], [1, 255])
    }
  })

  test('no field and no key of JSON can reach the prototype', () => {
    const refused = { code: 'EKB_ERR_BODY_INVALID', statusCode: 400 }
    assert.throws(() => parse('object', 'application/x-www-form-urlencoded', '__proto__=1'), refused)
    assert.throws(() => parse('object', 'application/json', '{"__proto__":{"a":1}}'), refused)
  })

  for (const kind of ['binary', 'string', 'json'] as const) {
    test(`refuses multipart for ${kind}, which is the whole body`, () => {
      assert.throws(() => parse(kind, 'multipart/form-data; boundary=x', '--x--'), { statusCode: 415 })
    })
  }

  for (const type of ['text/plain', 'image/png', undefined]) {
    for (const kind of ['any', 'object', 'json'] as const) {
      test(`refuses ${type} for ${kind}`, () => {
        assert.throws(() => parse(kind, type, 'x'), { code: 'EKB_ERR_MEDIA_TYPE', statusCode: 415 })
      })
    }
  }

  test('a form may have a thousand fields', () => {
    const form = (count: number) => parse('any', 'application/x-www-form-urlencoded', 'a&'.repeat(count).slice(0, -1))
    assert.equal((form(1000) as { a: unknown[] }).a.length, 1000)
    assert.throws(() => form(1001), { code: 'EKB_ERR_BODY_INVALID', message: /more than 1000 fields/ })
  })

  test('is not felled by deep nesting', () => {
    assert.throws(() => parse('any', 'application/json', '['.repeat(200_000)), { code: 'EKB_ERR_BODY_INVALID' })
  })
})

test('mediaType drops parameters and case', () => {
  assert.equal(mediaType('Text/HTML; charset=utf-8'), 'text/html')
  assert.equal(mediaType(''), undefined)
  assert.equal(mediaType(undefined), undefined)
})

test('isMultipart is for inputs that have fields', () => {
  const type = 'Multipart/Form-Data; boundary=x'
  for (const kind of ['any', 'object', 'unknown'] as const) assert.equal(isMultipart(kind, type), true)
  for (const kind of ['binary', 'string', 'json'] as const) assert.equal(isMultipart(kind, type), false)
  assert.equal(isMultipart('any', 'application/json'), false)
  assert.equal(isMultipart('any', undefined), false)
})

describe('schemaKind', () => {
  const kinds: readonly [Parameters<typeof schemaKind>[0], SchemaKind][] = [
    [undefined, 'any'],
    [z.object({ a: z.string() }), 'object'],
    [z.string(), 'string'],
    [z.array(z.string()), 'json'],
    [z.number(), 'json'],
    [z.file(), 'binary'],
    [z.instanceof(Uint8Array), 'unknown'],
    [z.union([z.string(), z.number()]), 'unknown'],
    [{ type: 'object' }, 'object'],
    [{ properties: {} }, 'object'],
    [{ type: 'string', format: 'binary' }, 'binary'],
    [{}, 'unknown'],
  ]
  kinds.forEach(([schema, kind], index) => {
    test(`${index}: ${kind}`, () => assert.equal(schemaKind(schema), kind))
  })
})
