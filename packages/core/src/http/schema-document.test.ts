import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Type } from '@sinclair/typebox'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
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
const outputOf = (output: AnySchema) => documentOf({ output }).routes[0]?.output

/** `{ text: string, count?: number }` in the words of each library. */
const SAME_INPUT: Readonly<Record<string, AnySchema>> = {
  zod: z.object({ text: z.string(), count: z.number().optional() }),
  valibot: toStandardJsonSchema(v.object({ text: v.string(), count: v.optional(v.number()) })),
  arktype: type({ text: 'string', 'count?': 'number' }),
  TypeBox: Type.Object({ text: Type.String(), count: Type.Optional(Type.Number()) }),
  'JSON Schema': {
    type: 'object',
    properties: { text: { type: 'string' }, count: { type: 'number' } },
    required: ['text'],
  },
}

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

  test('names streams, and the paths that are mounted', () => {
    const service = defineService(
      class Words {
        *say() {
          yield 'a word'
        }
        *read() {
          yield new File([], 'a page')
        }
      },
      {
        apis: { say: { output: z.string(), route: '/v1/say' }, read: { output: z.file() } },
        mount: { '/ui': () => () => {} },
      },
    )
    const definition = definitionOf(service)
    assert.ok(definition)
    const { routes, paths } = schemaDocument(definition) as Document
    const outputs = routes.map(({ output }) => output as Record<string, unknown>)
    assert.deepEqual(outputs[0], { type: 'string', is_stream: true })
    assert.equal(outputs[1]?.is_stream, true)
    assert.deepEqual(
      routes.map(({ is_task }) => is_task),
      [false, false],
    )
    assert.deepEqual(paths, { '/ui': { mounted: true }, '/v1/say': { mounted: false }, '/read': { mounted: false } })
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

  for (const [library, input] of Object.entries(SAME_INPUT)) {
    test(`names the arguments of an input written with ${library}`, () => {
      assert.deepEqual(inputOf(input), {
        title: 'Input',
        type: 'object',
        properties: { text: { title: 'Text', type: 'string' }, count: { title: 'Count', type: 'number' } },
        required: ['text'],
      })
    })
  }

  test('takes an object whose names are not known as a whole', () => {
    const numbers = { type: 'object', additionalProperties: { type: 'number' }, root_input: true }
    assert.deepEqual(inputOf(type('Record<string, number>')), numbers)
    assert.deepEqual(inputOf({ type: 'object' }), { type: 'object', root_input: true })
    assert.deepEqual(inputOf(z.object({})), { title: 'Input', type: 'object', properties: {} })
    assert.deepEqual(inputOf(v.object({ text: v.string() })), { root_input: true })
  })

  test('tells the rest of an input of which a part has no JSON form', () => {
    const input = toStandardJsonSchema(v.object({ at: v.date(), text: v.string() }))
    assert.deepEqual((inputOf(input) as { properties: unknown }).properties, {
      at: { title: 'At' },
      text: { title: 'Text', type: 'string' },
    })
  })

  test('shows a file that may be missing or null as a file, and lists of them alike', () => {
    const input = z.object({ one: z.file().nullable(), many: z.array(z.file()).nullish(), note: z.string().nullable() })
    const { properties } = inputOf(input) as { properties: Record<string, Record<string, unknown>> }
    assert.equal(properties.one?.type, 'file')
    assert.equal((properties.many as { items: { type: string } }).items.type, 'file')
    assert.deepEqual(properties.note?.type, ['string', 'null'])
  })

  test('shows the media type that a file must have', () => {
    const picture = inputOf(z.file().mime('image/png')) as Record<string, unknown>
    assert.deepEqual(
      [picture.type, picture.format, picture.content_type, picture.root_input],
      ['file', 'image', 'image/png', true],
    )
  })

  test('tells text, bytes and files that are answered apart by their type', () => {
    assert.deepEqual(outputOf({ type: 'string', format: 'binary' }), { type: 'string', format: 'binary' })
    assert.equal((outputOf(z.file()) as { type: string }).type, 'file')
    assert.equal((outputOf(z.file().nullable()) as { type: string }).type, 'file')
    for (const text of [z.string().nullable(), type('string | null')]) {
      assert.deepEqual(outputOf(text), { type: 'string', nullable: true })
    }
    const letter = outputOf(Type.Union([Type.Literal('a'), Type.Literal('b')])) as Record<string, unknown>
    assert.deepEqual([letter.type, letter.nullable], ['string', undefined])
    assert.deepEqual((outputOf(z.union([z.string(), z.number()])) as { type: unknown }).type, ['string', 'number'])
  })

  test('has an object wherever the client looks for one', () => {
    const input = z.object({ pair: z.tuple([z.number(), z.string()]) })
    const { properties } = inputOf(input) as { properties: { pair: { items: unknown } } }
    assert.deepEqual(properties.pair.items, {})
    for (const list of [{ type: 'array' }, Type.Tuple([Type.String()])]) {
      assert.deepEqual((outputOf(list) as { items: unknown }).items, {})
    }
    const open = inputOf({ type: 'object', properties: { any: true } }) as { properties: unknown }
    assert.deepEqual(open.properties, { any: { title: 'Any' } })
  })
})
