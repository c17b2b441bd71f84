import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import type { JsonSchema } from '../service/service-definition.js'
import { openapiDocument } from './openapi-document.js'

interface Operation {
  readonly operationId: string
  readonly requestBody: {
    readonly required: boolean
    readonly description: string
    readonly content: Readonly<Record<string, JsonSchema>>
  }
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, JsonSchema>> }>>
  readonly [key: string]: unknown
}

interface Document {
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>>; readonly responses: object }
}

function documentOf(api: object, dependencies = {}): Document {
  const definition = definitionOf(
    defineService(
      class Images {
        resize() {}
      },
      { apis: { resize: api }, dependencies },
    ),
  )
  assert.ok(definition)
  return openapiDocument(definition) as Document
}
const operationOf = (api: object): Operation => Object.values(documentOf(api).paths)[0]?.post as Operation
const bodyOf = (input: unknown) => operationOf({ input }).requestBody
const answerOf = (api: object) => operationOf(api).responses['200']?.content ?? {}

const FILE = { type: 'string', format: 'binary', contentMediaType: 'application/octet-stream' }

describe('openapiDocument: an api', () => {
  test('is a POST at its route, with what its author said of it', () => {
    const { info, paths } = documentOf({
      route: '/v1/resize',
      description: 'Smaller',
      deprecated: true,
      idempotent: true,
    })
    assert.equal(info.title, 'Images')
    const operation = paths['/v1/resize']?.post
    assert.equal(operation?.operationId, 'resize')
    assert.equal(operation?.description, 'Smaller')
    assert.equal(operation?.deprecated, true)
    assert.equal(operation?.['x-ekiben-idempotent'], true)
  })

  test('changes the version when callers see a change', () => {
    const version = (api: object) => documentOf(api).info.version
    assert.equal(version({ input: z.string() }), version({ input: z.string() }))
    assert.notEqual(version({ input: z.string() }), version({ input: z.number() }))
  })
})

describe('openapiDocument: a body', () => {
  test('is JSON for an object, asked for where a property is', () => {
    assert.deepEqual(bodyOf(z.object({ width: z.int().min(1) })), {
      description: 'At most 16777216 bytes.',
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/ResizeInput' } } },
    })
    assert.equal(bodyOf(z.object({ width: z.int().default(1) })).required, false)
  })

  test('is any JSON where there is no schema', () => {
    const { required, content } = operationOf({}).requestBody
    assert.deepEqual([required, content], [false, { 'application/json': {} }])
  })

  test('says how much it may have', () => {
    assert.match(operationOf({ bodyLimit: '1K' }).requestBody.description, /^At most 1024 bytes/)
  })

  test('is a form with files and text as they are and the rest as JSON', () => {
    const input = z.object({ image: z.file().mime('image/png'), width: z.int(), note: z.string().optional() })
    const document = documentOf({ input })
    assert.deepEqual(document.paths['/resize']?.post.requestBody.content, {
      'multipart/form-data': {
        schema: { $ref: '#/components/schemas/ResizeInput' },
        encoding: { width: { contentType: 'application/json' } },
      },
    })
    const { properties } = document.components.schemas.ResizeInput as { properties: { image: unknown } }
    assert.deepEqual(properties.image, { type: 'string', format: 'binary', contentMediaType: 'image/png' })
  })

  test('has no empty list of files where one is asked for: a form has none', () => {
    const input = z.object({ pages: z.array(z.file()).max(9), more: z.array(z.file()).default([]), back: z.file() })
    const { ResizeInput } = documentOf({ input }).components.schemas
    const { pages, more } = (ResizeInput as { properties: Record<string, JsonSchema> }).properties
    assert.deepEqual([pages?.minItems, pages?.maxItems, more?.minItems], [1, 9, undefined])
  })

  test('may be JSON too where no file is asked for, and finds files in lists and definitions', () => {
    const optional = bodyOf(z.object({ image: z.file().optional() }))
    assert.deepEqual(optional.content, {
      'multipart/form-data': { schema: { $ref: '#/components/schemas/ResizeInput' } },
      'application/json': { schema: { $ref: '#/components/schemas/ResizeInputWithoutFiles' } },
    })
    const Upload = z.file().meta({ id: 'Upload' })
    for (const images of [z.array(z.file()), z.array(Upload), Upload]) {
      assert.deepEqual(Object.keys(bodyOf(z.object({ images })).content), ['multipart/form-data'])
    }
  })

  test('is a file of the types that are taken, or of any', () => {
    assert.deepEqual(bodyOf({ type: 'string', format: 'binary' }).content, {
      'application/octet-stream': { schema: FILE },
    })
    const types = Object.keys(bodyOf(z.file().mime(['image/png', 'image/jpeg'])).content)
    assert.deepEqual(types, ['image/png', 'image/jpeg'])
  })

  test('is text, plain or as JSON; a list is JSON', () => {
    assert.deepEqual(Object.keys(bodyOf(z.string()).content), ['text/plain', 'application/json'])
    assert.deepEqual([bodyOf(z.string()).required, bodyOf(z.string().min(1)).required], [false, true])
    assert.deepEqual(bodyOf(z.array(z.number())).content, {
      'application/json': { schema: { type: 'array', items: { type: 'number' } } },
    })
  })

  test('is asked for unless no body, {}, is taken', () => {
    const requires = (input: unknown) => bodyOf(input).required
    assert.equal(requires(z.union([z.string(), z.number()])), true)
    assert.equal(requires(z.union([z.string(), z.object({ n: z.int().optional() })])), false)
    assert.equal(
      requires({ oneOf: [{ type: 'null' }, { $ref: '#/$defs/A' }], $defs: { A: { required: ['a'] } } }),
      true,
    )
    assert.equal(requires({ type: ['object', 'null'] }), false)
    assert.equal(requires({ allOf: [{ type: 'object' }, { minProperties: 1 }] }), true)
    assert.equal(requires({ enum: ['a', 1] }), true)
    assert.equal(requires({ $ref: '#/$defs/A', $defs: { A: { anyOf: [{ $ref: '#/$defs/A' }] } } }), true)
    assert.equal(requires({}), false)
  })

  test('may be anything where nothing is known of it', () => {
    const { content } = bodyOf({
      '~standard': { version: 1, vendor: 'mine', validate: (value: unknown) => ({ value }) },
    })
    assert.deepEqual(Object.keys(content), ['application/json', 'text/plain', 'application/octet-stream'])
  })
})

describe('openapiDocument: an answer', () => {
  test('is JSON, or text where it may be a string', () => {
    assert.deepEqual(answerOf({ output: z.array(z.string()) }), {
      'application/json': { schema: { type: 'array', items: { type: 'string' } } },
    })
    assert.deepEqual(answerOf({ output: z.string() }), { 'text/plain': { schema: { type: 'string' } } })
    assert.deepEqual(Object.keys(answerOf({ output: z.string(), mediaType: 'text/csv; charset=utf-8' })), ['text/csv'])
    assert.deepEqual(Object.keys(answerOf({ output: z.string().nullable() })), ['application/json', 'text/plain'])
    const Named = z.object({ n: z.number() }).meta({ id: 'Named' })
    assert.deepEqual(Object.keys(answerOf({ output: z.union([Named, z.number()]) })), ['application/json'])
    assert.deepEqual(Object.keys(answerOf({})), ['application/json', 'text/plain'])
    assert.deepEqual(answerOf({ mediaType: 'image/png' }), { 'image/png': {} })
  })

  test('is a file', () => {
    assert.deepEqual(answerOf({ output: z.file(), mediaType: 'image/png' }), { 'image/png': { schema: FILE } })
    assert.deepEqual(Object.keys(answerOf({ output: z.file() })), ['*/*'])
  })

  test('is a stream of events, of lines, or of text', () => {
    const item = { $ref: '#/components/schemas/ResizeOutput' }
    const objects = answerOf({ stream: true, output: z.object({ token: z.string() }) })
    assert.deepEqual(Object.keys(objects), ['text/event-stream', 'application/x-ndjson'])
    assert.deepEqual(objects['text/event-stream']?.['x-ekiben-item'], item)
    const texts = Object.keys(answerOf({ stream: true, output: z.string() }))
    assert.deepEqual(texts, ['text/event-stream', 'application/x-ndjson', 'text/plain'])
    assert.deepEqual(Object.keys(answerOf({ stream: true })), texts)
    const typesOf = (mediaType: string, output?: unknown) => Object.keys(answerOf({ stream: true, mediaType, output }))
    assert.deepEqual(typesOf('application/x-ndjson'), ['application/x-ndjson'])
    assert.deepEqual(typesOf('text/csv', z.string()), ['text/event-stream', 'application/x-ndjson', 'text/csv'])
    assert.deepEqual(typesOf('audio/wav', z.file()), ['audio/wav'])
  })

  test('tells what is known of a part that has no JSON form', () => {
    const { components } = documentOf({ output: z.object({ at: z.date(), n: z.number() }) })
    const { properties } = components.schemas.ResizeOutput as { properties: unknown }
    assert.deepEqual(properties, { at: {}, n: { type: 'number' } })
  })

  test('may be a refusal; of a dependency where there is one', () => {
    const { paths, components } = documentOf({})
    const statuses = ['200', '400', '408', '413', '415', '429', '431', '500', '503', '504', '4XX', '5XX']
    assert.deepEqual(Object.keys(paths['/resize']?.post.responses ?? {}).sort(), statuses.sort())
    assert.equal('DependencyFailed' in components.responses, false)
    const Other = defineService(class Other {}, {})
    const dependent = documentOf({}, { other: Other })
    assert.ok('502' in (dependent.paths['/resize']?.post.responses ?? {}))
    assert.ok('DependencyFailed' in dependent.components.responses)
  })
})
