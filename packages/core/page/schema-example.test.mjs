import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { exampleOf, nameOfReference, resolveSchema } from './schema-example.mjs'

const DOCS = {
  components: {
    schemas: {
      Point: { type: 'object', properties: { x: { type: 'number' }, y: { type: 'number' } }, required: ['x', 'y'] },
      Tree: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          only: { $ref: '#/components/schemas/Tree' },
          children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
        },
        required: ['name', 'children'],
      },
      'odd/name': { type: 'null' },
    },
  },
}
const POINT = { $ref: '#/components/schemas/Point' }

describe('exampleOf', () => {
  const cases = [
    ['anything', {}, {}],
    ['text', { type: 'string' }, 'text'],
    ['text of some length', { type: 'string', minLength: 7, maxLength: 7 }, 'text te'],
    ['a list of what it may be', { enum: ['a', 'b'] }, 'a'],
    ['what it says itself', { type: 'integer', default: 5, examples: [6] }, 5],
    ['an integer of the range of safe ones', { type: 'integer', minimum: -(2 ** 53), maximum: 2 ** 53 }, 1],
    ['a number above', { type: 'number', exclusiveMinimum: 10 }, 10.5],
    ['a multiple', { type: 'integer', multipleOf: 7, maximum: 20 }, 7],
    ['a multiple below', { type: 'integer', multipleOf: 7, maximum: 3 }, 0],
    ['more than null', { anyOf: [{ type: 'null' }, POINT] }, { x: 1, y: 1 }],
    ['one of several types', { type: ['null', 'boolean'] }, true],
    [
      'a list',
      { type: 'array', items: POINT, minItems: 2 },
      [
        { x: 1, y: 1 },
        { x: 1, y: 1 },
      ],
    ],
    ['a tuple', { type: 'array', prefixItems: [{ type: 'string' }, { type: 'boolean' }] }, ['text', true]],
    ['a record', { type: 'object', additionalProperties: { type: 'integer' } }, { name: 1 }],
    ['all of several', { allOf: [POINT, { properties: { z: { const: 3 } }, required: ['z'] }] }, { x: 1, y: 1, z: 3 }],
    ['a tree', { $ref: '#/components/schemas/Tree' }, { name: 'text', children: [] }],
    ['text in base64', { type: 'string', contentEncoding: 'base64' }, 'dGV4dA=='],
    ['a day', { type: 'string', format: 'date' }, '2026-01-31'],
  ]
  for (const [name, schema, expected] of cases) {
    test(`makes ${name}, and what it makes is valid`, () => {
      const made = exampleOf(schema, DOCS)
      assert.deepEqual(made, expected)
      const ajv = new Ajv2020({ strict: false, validateFormats: false })
      assert.ok(ajv.validate({ ...schema, components: DOCS.components }, made), JSON.stringify(ajv.errors))
    })
  }
})

describe('resolveSchema', () => {
  test('follows a reference, and keeps what stands beside it', () => {
    assert.equal(resolveSchema({ ...POINT, description: 'where' }, DOCS).description, 'where')
    assert.deepEqual(resolveSchema({ $ref: '#/components/schemas/odd~1name' }, DOCS), { type: 'null' })
  })

  test('takes one that leads nowhere for anything', () => {
    assert.deepEqual(resolveSchema({ $ref: '#/components/schemas/None' }, DOCS), {})
    assert.deepEqual(resolveSchema({ $ref: 'https://example.com/schema' }, DOCS), {})
    assert.deepEqual(resolveSchema(true, DOCS), {})
  })
})

test('nameOfReference is the last step', () => {
  assert.equal(nameOfReference(POINT), 'Point')
  assert.equal(nameOfReference({ type: 'string' }), undefined)
})
