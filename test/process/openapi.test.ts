import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { ServiceError } from '../../packages/core/build/errors/service-error.js'
import { openapiDocument } from '../../packages/core/build/openapi/openapi-document.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { definitionOf } from '../../packages/core/build/service/registry.js'
import { post, startHost } from '../helpers/http-host.js'
import {
  assertForeseen,
  assertValid,
  follow,
  type OpenapiDocument,
  type Operation,
  referencesOf,
} from '../helpers/openapi-check.js'

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

/** Files and streams, in a service that has dependencies. */
const Media = defineService(
  class Media {
    resize({ image, width }: { image: File; width: number; notes?: { text: string }[] | undefined }) {
      return new File([image.slice(0, width)], image.name, { type: 'image/png' })
    }
    thumbnail(image: File) {
      return image.size
    }
    gather({ files = [] }: { files?: File[] | undefined }) {
      return files.map(({ name }) => name)
    }
    async *tokens({ prompt }: { prompt: string }) {
      for (const token of prompt.split(' ')) yield { token }
    }
    async *words() {
      yield 'one '
      yield 'two'
    }
    async *lines() {
      yield 1
      throw new Error('secret')
    }
    async *samples() {
      yield Uint8Array.of(1, 2, 255)
    }
  },
  {
    apis: {
      resize: {
        input: z.object({
          image: z.file().mime(['image/png', 'image/jpeg']),
          width: z.int().min(1),
          notes: z.array(z.object({ text: z.string() })).optional(),
        }),
        output: z.file(),
        mediaType: 'image/png',
      },
      thumbnail: { input: z.file().min(1).max(1000), output: z.number() },
      gather: { input: z.object({ files: z.array(z.file()).optional() }), output: z.array(z.string()) },
      tokens: { input: z.object({ prompt: z.string() }), output: z.object({ token: z.string() }) },
      words: { output: z.string() },
      lines: { mediaType: 'application/x-ndjson', output: z.number() },
      samples: { output: { type: 'string', format: 'binary' }, mediaType: 'audio/l16' },
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

  for (const service of [Everything, Media]) {
    test(`says what each api of ${service.name} takes, and what it answers`, async () => {
      const { exampleOf } = await import('../../packages/core/page/schema-example.mjs')
      await using host = await startHost(service)
      const document = await documentAt(host.url)
      for (const [path, { post: operation }] of Object.entries(document.paths)) {
        for (const [type, { schema = {} }] of Object.entries(operation.requestBody.content)) {
          for (const accept of ['*/*', ...acceptable(operation)]) {
            const { headers, body } = requestOf(type, exampleOf(schema, document))
            const answer = await fetch(host.url + path, { method: 'POST', headers: { ...headers, accept }, body })
            const isFailure = ['refuses', 'fails'].includes(operation.operationId)
            assert.equal(answer.ok, !isFailure, `${path} with ${type}: ${answer.status}`)
            const asked = accept === '*/*' ? undefined : accept
            await assertForeseen(document, path, answer, asked)
          }
        }
      }
    })

    test(`says which bodies of ${service.name} may be left out`, async () => {
      await using host = await startHost(service)
      const document = await documentAt(host.url)
      for (const [path, { post: operation }] of Object.entries(document.paths)) {
        const answer = await fetch(host.url + path, { method: 'POST' })
        assert.equal(operation.requestBody.required, answer.status === 400, `${path}: ${answer.status}`)
        await assertForeseen(document, path, answer)
      }
    })
  }

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

/** What a client can ask a stream for. */
function acceptable(operation: Operation): string[] {
  return operation['x-ekiben-stream'] === true ? Object.keys(operation.responses['200']?.content ?? {}) : []
}

/** A request with an example as its body; of a file an example is a picture. */
function requestOf(
  type: string,
  example: unknown,
): { headers: Record<string, string>; body: string | Blob | FormData } {
  const picture = new File([Uint8Array.of(137, 80, 78, 71)], 'picture.png', { type: 'image/png' })
  if (type === 'application/json') return { headers: { 'content-type': type }, body: JSON.stringify(example) }
  if (type.startsWith('text/')) return { headers: { 'content-type': type }, body: String(example) }
  if (type !== 'multipart/form-data') return { headers: {}, body: picture }
  const body = new FormData()
  for (const [name, value] of Object.entries(example as object)) {
    const isFile = ['image', 'files'].includes(name)
    body.append(name, isFile ? picture : JSON.stringify(value))
  }
  return { headers: {}, body }
}

const TYPES: Readonly<Record<string, RegExp>> = {
  css: /^text\/css/,
  mjs: /^text\/javascript/,
  svg: /^image\/svg\+xml$/,
}
