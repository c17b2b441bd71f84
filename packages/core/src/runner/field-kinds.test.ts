import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { fieldKinds } from './field-kinds.js'

test('the fields of a zod object', () => {
  const schema = z.object({
    file: z.file(),
    maybeFile: z.file().optional(),
    nullFile: z.file().nullable(),
    files: z.array(z.file()),
    text: z.string().min(1),
    maybeText: z.string().nullish(),
    tags: z.array(z.string()),
    numbers: z.array(z.number()),
    count: z.number(),
    either: z.union([z.string(), z.number()]),
  })
  assert.deepEqual(Object.fromEntries(fieldKinds(schema)), {
    file: 'file',
    maybeFile: 'file',
    nullFile: 'file',
    files: 'files',
    text: 'text',
    maybeText: 'text',
    tags: 'texts',
    numbers: 'list',
    count: 'other',
    either: 'other',
  })
})

test('the fields of a plain JSON Schema, by reference too', () => {
  const schema = {
    type: 'object',
    properties: {
      image: { $ref: '#/$defs/Image' },
      images: { type: 'array', items: { $ref: '#/$defs/Image' } },
      itself: { $ref: '#/$defs/Loop' },
      nested: { $ref: '#/$defs/Nested' },
      lost: { $ref: '#/$defs/Nothing' },
      any: true,
      name: { type: ['string', 'null'] },
      page: { enum: ['1', '2'] },
      size: { enum: ['A4', 1] },
      version: { const: '1' },
    },
    $defs: {
      Image: { type: 'string', format: 'binary' },
      Loop: { $ref: '#/$defs/Loop' },
      Nested: { type: 'array', items: { $ref: '#/$defs/Nested' } },
    },
  }
  assert.deepEqual(Object.fromEntries(fieldKinds(schema)), {
    image: 'file',
    images: 'files',
    itself: 'other',
    nested: 'list',
    lost: 'other',
    any: 'other',
    name: 'text',
    page: 'text',
    size: 'other',
    version: 'text',
  })
})

test('nothing is known where there is no schema, or none of an object', () => {
  for (const schema of [undefined, z.string(), z.custom(), {}]) assert.equal(fieldKinds(schema).size, 0)
})
