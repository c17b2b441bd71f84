import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Type } from '@sinclair/typebox'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { defineService } from '../../packages/core/build/service/define-service.js'
import type { SchemaOption } from '../../packages/core/build/service/service-class.js'
import { post, startHost } from '../helpers/http-host.js'

interface Order {
  readonly item: string
  readonly count: number
}

interface Schemas {
  readonly input: SchemaOption
  readonly output: SchemaOption
  readonly text: SchemaOption
  readonly list: SchemaOption
}

const valibot = {
  input: v.object({ item: v.pipe(v.string(), v.minLength(2)), count: v.optional(v.number(), 1) }),
  output: v.object({ total: v.number() }),
  text: v.pipe(v.string(), v.maxLength(10)),
  list: v.array(v.number()),
}

/** The same of each library: an item of two letters or more, a count that is 1 by default, a total. */
const LIBRARIES: Readonly<Record<string, Schemas>> = {
  zod: {
    input: z.object({ item: z.string().min(2), count: z.number().default(1) }),
    output: z.object({ total: z.number() }),
    text: z.string().max(10),
    list: z.array(z.number()),
  },
  'valibot, with toStandardJsonSchema': {
    input: toStandardJsonSchema(valibot.input),
    output: toStandardJsonSchema(valibot.output),
    text: toStandardJsonSchema(valibot.text),
    list: toStandardJsonSchema(valibot.list),
  },
  valibot,
  arktype: {
    input: type({ item: 'string >= 2', count: 'number = 1' }),
    output: type({ total: 'number' }),
    text: type('string <= 10'),
    list: type('number[]'),
  },
  TypeBox: {
    input: Type.Object({ item: Type.String({ minLength: 2 }), count: Type.Number({ default: 1 }) }),
    output: Type.Object({ total: Type.Number() }),
    text: Type.String({ maxLength: 10 }),
    list: Type.Array(Type.Number()),
  },
  'plain JSON Schema': {
    input: {
      type: 'object',
      properties: { item: { type: 'string', minLength: 2 }, count: { type: 'number', default: 1 } },
      required: ['item'],
    },
    output: { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] },
    text: { type: 'string', maxLength: 10 },
    list: { type: 'array', items: { type: 'number' } },
  },
}

function serviceOf({ input, output, text, list }: Schemas) {
  class Shop {
    order({ item, count }: Order) {
      return item === 'wrong' ? { total: 'many' } : { total: count * 3 }
    }
    shout(words: string) {
      return words.toUpperCase()
    }
    sum(numbers: readonly number[]) {
      return { total: numbers.reduce((sum, number) => sum + number, 0) }
    }
  }
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of a table have no type of their own
  const apis: any = { order: { input, output }, shout: { input: text }, sum: { input: list, output } }
  return defineService(Shop, { apis })
}

for (const [library, schemas] of Object.entries(LIBRARIES)) {
  describe(`schemas of ${library}`, () => {
    it('check inputs and outputs, fill in defaults, and name what is wrong by its path', async () => {
      await using host = await startHost(serviceOf(schemas))
      assert.equal((await post(`${host.url}/order`, { item: 'tea' })).text, '{"total":3}')
      assert.equal((await post(`${host.url}/order`, { item: 'tea', count: 4 })).text, '{"total":12}')
      for (const [input, at] of [
        [{ item: 'x' }, 'item'],
        [{ item: 'tea', count: 'four' }, 'count'],
        [{}, 'item'],
      ] as const) {
        const refused = await post(`${host.url}/order`, input)
        const { code, detail } = refused.json()
        assert.deepEqual([refused.status, code], [400, 'EKB_ERR_VALIDATION'])
        assert.deepEqual(
          (detail as { path: unknown[] }[]).map(({ path }) => path),
          [[at]],
        )
      }
      const failed = await post(`${host.url}/order`, { item: 'wrong' })
      assert.deepEqual([failed.status, failed.json().code], [500, 'EKB_ERR_OUTPUT_INVALID'])
      assert.match(String(host.log.find(({ level }) => level === 'error')?.message), /total/)
    })

    it('take a whole body that is no object', async () => {
      await using host = await startHost(serviceOf(schemas))
      const plain = { 'content-type': 'text/plain' }
      assert.equal((await post(`${host.url}/sum`, [1, 2, 3])).text, '{"total":6}')
      assert.equal((await post(`${host.url}/sum`, [1, 'two'])).status, 400)
      assert.equal((await post(`${host.url}/shout`, 'so be it', plain)).text, 'SO BE IT')
      assert.equal((await post(`${host.url}/shout`, 'far too many words', plain)).status, 400)
    })
  })
}
