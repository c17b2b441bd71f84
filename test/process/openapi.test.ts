import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { ServiceError } from '../../packages/core/build/errors/service-error.js'
import { openapiDocument } from '../../packages/core/build/openapi/openapi-document.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { definitionOf } from '../../packages/core/build/service/registry.js'
import { post, startHost } from '../helpers/http-host.js'
import { assertForeseen, assertValid, follow, type OpenapiDocument, referencesOf } from '../helpers/openapi-check.js'

const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree)
  },
})
const Address = z.object({ city: z.string().min(1), zip: z.string().optional() }).meta({ id: 'Address' })

/** Apis with bodies and answers of every kind. */
const Everything = defineService(
  class Everything {
    async classify({ text }: { text: string }) {
      return { label: 'length', score: text.length }
    }
    tree(tree: z.output<typeof Tree>) {
      return tree
    }
    send({ from, to }: { from: z.output<typeof Address>; to: z.output<typeof Address>[] }) {
      return [from, ...to]
    }
    upper(text: string) {
      return text.toUpperCase()
    }
    total(numbers: number[]) {
      return numbers.reduce((sum, number) => sum + number, 0)
    }
    perhaps({ text }: { text?: string | null | undefined }) {
      return text ?? null
    }
    plain(input: unknown) {
      return input
    }
    image() {
      return Buffer.from([1, 2, 255])
    }
    typed(input: unknown) {
      return input
    }
    refuses() {
      throw new ServiceError('No such order', { statusCode: 409, code: 'ORDER_TAKEN' })
    }
    fails(): { n: number } {
      throw new Error('secret')
    }
  },
  {
    apis: {
      classify: {
        route: '/v1/classify',
        description: 'Says how long a text is',
        idempotent: true,
        input: z.object({ text: z.string().min(1), limit: z.int().positive().default(5) }),
        output: z.object({ label: z.string(), score: z.number() }),
        bodyLimit: 500,
      },
      tree: { input: Tree, output: Tree },
      send: { input: z.object({ from: Address, to: z.array(Address) }), output: z.array(Address), deprecated: true },
      upper: { input: z.string(), output: z.string() },
      total: { input: z.array(z.number()).min(2), output: z.number() },
      perhaps: { input: z.object({ text: z.string().nullish() }), output: z.string().nullable() },
      plain: {},
      image: { mediaType: 'image/png', output: { type: 'string', format: 'binary' } },
      typed: {
        input: {
          $id: 'T0',
          type: 'object',
          properties: { at: { $ref: '#/$defs/Point' }, next: { $ref: 'T0' } },
          required: ['at'],
          $defs: { Point: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], minItems: 2 } },
        },
      },
      refuses: {},
      fails: { output: z.object({ n: z.number() }) },
    },
  },
)

/** What cannot be called without a browser or a client that takes streams: its document is checked all the same. */
const Media = defineService(
  class Media {
    resize({ image }: { image: File; width: number }) {
      return image
    }
    thumbnail(image: unknown) {
      return image
    }
    async *tokens({ prompt }: { prompt: string }) {
      for (const token of prompt.split(' ')) yield { token }
    }
  },
  {
    apis: {
      resize: {
        input: z.object({ image: z.file().mime(['image/png', 'image/jpeg']), width: z.int().min(1) }),
        output: z.file(),
        mediaType: 'image/png',
      },
      thumbnail: { input: z.file().max(1000), output: { type: 'string', format: 'binary' } },
      tokens: { input: z.object({ prompt: z.string() }), output: z.object({ token: z.string() }) },
    },
    dependencies: { everything: Everything },
  },
)

async function documentAt(url: string): Promise<OpenapiDocument> {
  const response = await fetch(`${url}/docs.json`)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  return (await response.json()) as OpenapiDocument
}

const documentOf = (service: typeof Everything | typeof Media): OpenapiDocument => {
  const definition = definitionOf(service)
  assert.ok(definition)
  return JSON.parse(JSON.stringify(openapiDocument(definition)))
}

for (const service of [Everything, Media]) {
  describe(`the document of ${service.name}`, () => {
    const document = documentOf(service)

    test('is OpenAPI 3.1 to a validator of others', async () => {
      const { Validator } = await import('@seriousme/openapi-schema-validator')
      const { valid, errors } = await new Validator().validate(document as never)
      assert.equal(valid, true, JSON.stringify(errors, null, 2))
    })

    test('has nothing behind its references missing', () => {
      const references = referencesOf(document)
      assert.ok(references.length > 10)
      assert.deepEqual(
        references.filter((ref) => follow(document, ref) === undefined),
        [],
      )
    })

    test('has schemas that compile', () => {
      for (const [name, schema] of Object.entries(document.components.schemas)) {
        assert.doesNotThrow(() => assertValid(document, { anyOf: [schema, true] }, undefined), name)
      }
    })
  })
}

describe('/docs.json', () => {
  test('answers GET and HEAD', async () => {
    await using host = await startHost(Everything)
    assert.deepEqual(await documentAt(host.url), documentOf(Everything))
    const head = await fetch(`${host.url}/docs.json`, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    assert.equal((await fetch(`${host.url}/docs.json`, { method: 'POST' })).status, 405)
  })

  test('says what each api takes, and what it answers', async () => {
    const { exampleOf } = await import('../../packages/core/page/schema-example.mjs')
    await using host = await startHost(Everything)
    const document = await documentAt(host.url)
    for (const [path, { post: operation }] of Object.entries(document.paths)) {
      for (const [type, { schema = {} }] of Object.entries(operation.requestBody.content)) {
        const example: unknown = exampleOf(schema, document)
        const body = type === 'application/json' ? JSON.stringify(example) : String(example)
        const answer = await fetch(host.url + path, { method: 'POST', headers: { 'content-type': type }, body })
        const isFailure = ['refuses', 'fails'].includes(operation.operationId)
        assert.equal(answer.ok, !isFailure, `${path} with ${type} ${body}: ${answer.status}`)
        await assertForeseen(document, path, answer)
      }
    }
  })

  test('says which bodies may be left out', async () => {
    await using host = await startHost(Everything)
    const document = await documentAt(host.url)
    for (const [path, { post: operation }] of Object.entries(document.paths)) {
      const answer = await fetch(host.url + path, { method: 'POST' })
      assert.equal(operation.requestBody.required, answer.status === 400, `${path}: ${answer.status}`)
      await assertForeseen(document, path, answer)
    }
  })

  test('foresees what is refused', async () => {
    await using host = await startHost(Everything)
    const document = await documentAt(host.url)
    const json = { 'content-type': 'application/json' }
    const cases = [
      [400, json, '{"text":5}'],
      [400, json, '{'],
      [413, json, JSON.stringify({ text: 'a'.repeat(1000) })],
      [415, { 'content-type': 'image/png' }, 'x'],
      [415, { ...json, 'content-encoding': 'gzip' }, '{}'],
    ] as const
    for (const [status, headers, body] of cases) {
      const answer = await fetch(`${host.url}/v1/classify`, { method: 'POST', headers, body })
      assert.equal(answer.status, status)
      await assertForeseen(document, '/v1/classify', answer)
    }
  })
})

describe('the page at /', () => {
  test('comes with all that it loads, and loads nothing from elsewhere', async () => {
    await using host = await startHost(Everything)
    const seen = new Set<string>()
    const visit = async (path: string): Promise<void> => {
      if (seen.has(path)) return
      seen.add(path)
      const answer = await fetch(new URL(path, host.url))
      assert.equal(answer.status, 200, path)
      if (path.endsWith('.json')) return
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
      const policy = answer.headers.get('content-security-policy') ?? ''
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/)
      assert.doesNotMatch(policy, /unsafe|\*|https?:/)
      const text = await answer.text()
      const type = answer.headers.get('content-type') ?? ''
      assert.match(type, TYPES[path.replace(/^.*\./, '')] ?? /^text\/html; charset=utf-8$/)
      for (const [, target = ''] of text.matchAll(/(?:\b(?:href|src)="|\bfrom '|\burl\()([^"')]+)/g)) {
        // Relative, so that all is found behind a proxy's prefix too.
        assert.doesNotMatch(target, /^\w+:|^\//, `${path} names ${target}`)
        if (!target.startsWith('#')) await visit(new URL(target, new URL(path, host.url)).pathname)
      }
    }
    await visit('/')
    assert.ok(seen.has('/docs/element.mjs') && seen.has('/docs/page.css') && seen.has('/docs.json'), [...seen].join())
  })

  test('is for GET and HEAD, and leaves POST to an api', async () => {
    const Root = defineService(
      class Root {
        hello() {
          return 'hello'
        }
      },
      { apis: { hello: { route: '/' } } },
    )
    await using host = await startHost(Root)
    assert.equal((await post(`${host.url}/`, {})).text, 'hello')
    const head = await fetch(host.url, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    assert.match(head.headers.get('content-type') ?? '', /^text\/html/)
    const put = await fetch(host.url, { method: 'PUT' })
    assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, HEAD, POST'])
  })
})

const TYPES: Readonly<Record<string, RegExp>> = {
  css: /^text\/css/,
  mjs: /^text\/javascript/,
  svg: /^image\/svg\+xml$/,
}
