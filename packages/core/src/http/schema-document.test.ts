import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import type { AnySchema } from '../service/service-definition.js'
import { schemaDocument } from './schema-document.js'

interface Document {
  readonly name: string
  readonly type: string
  readonly routes: readonly Record<string, unknown>[]
  readonly paths: object
}

function documentOf(api: object): Document {
  const definition = definitionOf(
    defineService(
      class Echo {
        echo() {}
      },
      { apis: { echo: api } },
    ),
  )
  assert.ok(definition)
  return schemaDocument(definition) as Document
}
const inputOf = (input: AnySchema) => documentOf({ input }).routes[0]?.input

describe('schemaDocument', () => {
  test("has the shape that BentoML's client reads", () => {
    assert.deepEqual(documentOf({ input: z.object({ text: z.string() }), output: z.string() }), {
      name: 'Echo',
      type: 'service',
      routes: [
        {
          name: 'echo',
          route: '/echo',
          batchable: false,
          input: {
            properties: { text: { title: 'Text', type: 'string' } },
            required: ['text'],
            title: 'Input',
            type: 'object',
          },
          output: { type: 'string' },
          is_task: false,
        },
      ],
      paths: { '/echo': { mounted: false } },
    })
  })

  test('says where the body is the one argument itself', () => {
    assert.deepEqual(inputOf(z.array(z.number())), { type: 'array', items: { type: 'number' }, root_input: true })
    assert.deepEqual(documentOf({}).routes[0]?.input, { root_input: true })
  })

  test('says nothing of what has no JSON form', () => {
    assert.deepEqual(documentOf({ output: z.instanceof(Map) }).routes[0]?.output, {})
  })

  test('shows files, media types and titles as BentoML does', () => {
    const input = inputOf({
      type: 'object',
      properties: { my_file: { type: 'string', format: 'binary' } },
    }) as Document & {
      properties: unknown
    }
    assert.deepEqual(input.properties, { my_file: { title: 'My File', type: 'file', format: 'binary' } })
    assert.deepEqual(documentOf({ mediaType: 'image/png', description: 'It echoes' }).routes[0]?.output, {
      media_type: 'image/png',
    })
    assert.equal(documentOf({ description: 'It echoes' }).routes[0]?.doc, 'It echoes')
  })

  test('puts definitions where they are used, but for one that holds itself', () => {
    const point = { type: 'object', properties: { x: { type: 'number' } } }
    const flat = inputOf({ type: 'object', properties: { at: { $ref: '#/$defs/Point' } }, $defs: { Point: point } })
    assert.deepEqual(flat, { title: 'Input', type: 'object', properties: { at: { title: 'At', ...point } } })
    const tree = { type: 'object', properties: { child: { $ref: '#/$defs/Tree' } } }
    const nested = inputOf({ type: 'object', properties: { tree: { $ref: '#/$defs/Tree' } }, $defs: { Tree: tree } })
    assert.deepEqual((nested as { $defs: unknown }).$defs, { Tree: tree })
  })
})
