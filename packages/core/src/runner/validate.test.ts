import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonSchema } from '../service/service-definition.js'
import type { StandardResult } from '../service/standard-schema.js'
import { createValidator } from './validate.js'

const source = { service: 'S', api: 'a', side: 'input' as const }

function check(schema: JsonSchema, value: unknown, side: 'input' | 'output' = 'input'): StandardResult<unknown> {
  const validate = createValidator(schema, { ...source, side })
  assert.ok(validate)
  return validate(value) as StandardResult<unknown>
}

describe('a plain JSON Schema', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      items: { type: 'array', items: { type: 'object', properties: { n: { type: 'number' } } } },
      top: { type: 'integer', default: 5 },
    },
    required: ['items'],
    additionalProperties: false,
  }

  test('fills in defaults of inputs, never of outputs', () => {
    assert.deepEqual(check(schema, { items: [] }), { value: { items: [], top: 5 } })
    assert.deepEqual(check(schema, { items: [] }, 'output'), { value: { items: [] } })
  })

  test('names every issue with its path', () => {
    const { issues } = check(schema, { items: [{ n: 1 }, { n: 'x' }], 'a/b': 1 })
    assert.deepEqual(issues, [
      { path: ['a/b'], message: 'is not known' },
      { path: ['items', 1, 'n'], message: 'must be number' },
    ])
    assert.deepEqual(check(schema, {}).issues, [{ path: ['items'], message: 'is required' }])
  })

  test('is read by the draft that it names', () => {
    const tuple = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'array', items: [{ type: 'string' }] }
    assert.ok(check(tuple, [1]).issues)
    const modern = { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: [{ type: 'string' }] }
    assert.ok(check(modern, [1]).issues)
    const between = { $schema: 'https://json-schema.org/draft/2019-09/schema', type: 'string' }
    assert.ok(check(between, 1).issues)
  })

  test('leaves the bytes of a file alone', () => {
    assert.equal(createValidator({ type: 'string', format: 'binary' }, source), undefined)
  })
})

test('no schema, no validator', () => {
  assert.equal(createValidator(undefined, source), undefined)
})

test('a Standard Schema that is a function is one', () => {
  const schema = Object.assign(() => {}, {
    '~standard': { version: 1 as const, vendor: 'x', validate: (value: unknown) => ({ value: [value] }) },
  })
  assert.deepEqual(createValidator(schema, source)?.(1), { value: [1] })
})
