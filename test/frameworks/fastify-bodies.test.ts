import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGunzip, gzipSync } from 'node:zlib'
import { defineService } from '@ekiben/core'
import { servePlugin } from '@ekiben/fastify-plugin'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { type AppUnderTest, fastifyApp } from '../helpers/fastify-app.js'

const FILE = { type: 'string', format: 'binary' }

const Bodies = defineService(
  class Bodies {
    echo(value: unknown) {
      return { got: value ?? 'null' }
    }
    async size({ file }: { file: File }) {
      return { size: file.size, name: file.name }
    }
    bytes(file: File) {
      return { size: file.size, type: file.type }
    }
    text(text: string) {
      return { text }
    }
    small(value: unknown) {
      return value
    }
    large(value: unknown) {
      return value
    }
  },
  {
    name: 'Bodies',
    apis: {
      echo: {},
      size: { input: { type: 'object', properties: { file: FILE }, required: ['file'] }, bodyLimit: 3_000_000 },
      bytes: { input: FILE },
      text: { input: { type: 'string' } },
      small: { bodyLimit: 100 },
      large: { bodyLimit: '20M' },
    },
  },
)

interface Listening extends AppUnderTest {
  send(
    path: string,
    body?: RequestInit['body'],
    type?: string,
  ): Promise<{ status: number; body: Record<string, unknown> }>
}

async function listen(
  options: FastifyServerOptions = {},
  prepare?: (app: FastifyInstance) => void,
): Promise<Listening> {
  const under = fastifyApp(options)
  prepare?.(under.app)
  under.app.register(servePlugin, Bodies)
  const url = await under.app.listen({ port: 0, host: '127.0.0.1' })
  return {
    ...under,
    send: async (path, body, type) => {
      const init = { method: 'POST', ...(body && { body }), ...(type && { headers: { 'content-type': type } }) }
      const response = await fetch(url + path, init as RequestInit)
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
  }
}

function form(bytes = 3): FormData {
  const data = new FormData()
  data.append('file', new File([new Uint8Array(bytes)], 'a.bin'))
  return data
}

describe('the body of a request to a mounted service', () => {
  it("is what the app's own parsers made of it", async () => {
    await using app = await listen({}, (instance) => {
      instance.addContentTypeParser('application/x-upper', { parseAs: 'string' }, (_request, body, done) =>
        done(null, { upper: String(body).toUpperCase() }),
      )
      instance.addContentTypeParser('image/png', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    })
    assert.deepEqual((await app.send('/echo', '{"a":1}', 'application/json')).body, { got: { a: 1 } })
    assert.deepEqual((await app.send('/echo', 'null', 'application/json')).body, { got: 'null' })
    assert.deepEqual((await app.send('/echo', 'abc', 'application/x-upper')).body, { got: { upper: 'ABC' } })
    assert.deepEqual((await app.send('/bytes', 'png', 'image/png')).body, { size: 3, type: 'image/png' })
    assert.deepEqual((await app.send('/text', 'as it is', 'text/plain')).body, { text: 'as it is' })
    assert.deepEqual((await app.send('/echo', '{"__proto__":{}}', 'application/json')).status, 400)
  })

  it('is read by the service where the app has no parser', async () => {
    await using app = await listen()
    assert.deepEqual((await app.send('/echo')).body, { got: {} })
    assert.deepEqual((await app.send('/size', form(2_000_000))).body, { size: 2_000_000, name: 'a.bin' })
    assert.deepEqual((await app.send('/bytes', new Uint8Array(2_000_000), 'image/x-own')).body, {
      size: 2_000_000,
      type: 'image/x-own',
    })
    assert.deepEqual((await app.send('/echo', new URLSearchParams({ a: '1' }))).body, { got: { a: 1 } })
    assert.deepEqual((await app.send('/echo', '{"a":1}', 'application/ld+json')).body, { got: { a: 1 } })
    assert.equal((await app.send('/size', form(3_000_000))).status, 413)
    assert.equal((await app.send('/echo', 'abc', 'application/x-unknown')).status, 415)
  })

  it('is left to the service where the app has a parser for all the rest, which other routes keep', async () => {
    await using app = await listen({}, (instance) => {
      instance.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, `mine: ${body}`))
      instance.post('/own', async ({ body }) => ({ body }))
    })
    assert.deepEqual((await app.send('/size', form())).body, { size: 3, name: 'a.bin' })
    assert.deepEqual((await app.send('/bytes', 'abc', 'image/x-own')).body, { size: 3, type: 'image/x-own' })
    assert.deepEqual((await app.send('/own', 'abc', 'image/x-own')).body, { body: 'mine: abc' })
  })

  it('is read through inject() as well', async () => {
    await using app = await listen()
    const response = new Response(form())
    const answer = await app.app.inject({
      method: 'POST',
      url: '/size',
      headers: { 'content-type': response.headers.get('content-type') as string },
      payload: Buffer.from(await response.arrayBuffer()),
    })
    assert.deepEqual(answer.json(), { size: 3, name: 'a.bin' })
  })

  it('is what a preParsing hook made of it', async () => {
    await using app = await listen({}, (instance) => {
      instance.addHook('preParsing', async (request, _reply, payload) => {
        if (request.headers['x-zipped'] === undefined) return payload
        return payload.pipe(createGunzip())
      })
    })
    const answer = await app.app.inject({
      method: 'POST',
      url: '/bytes',
      headers: { 'content-type': 'image/x-own', 'x-zipped': 'yes' },
      payload: gzipSync(Buffer.alloc(1_000)),
    })
    assert.deepEqual(answer.json(), { size: 1_000, type: 'image/x-own' })
  })

  it('goes past @fastify/multipart where that leaves it unread, and is told of where it does not', async () => {
    await using unread = await listen({}, (instance) => void instance.register(multipart))
    assert.deepEqual((await unread.send('/size', form())).body, { size: 3, name: 'a.bin' })
    await using read = await listen({}, (instance) => void instance.register(multipart, { attachFieldsToBody: true }))
    const refused = await read.send('/size', form())
    assert.deepEqual([refused.status, refused.body.code], [500, 'EKB_ERR_BODY_CONSUMED'])
    const hints = read.lines.flatMap(({ err }) => (err as { hint?: string } | undefined)?.hint ?? [])
    assert.match(hints[0] ?? '', /@fastify\/multipart: without attachFieldsToBody/)
  })

  it('keeps to the lower of two limits: that of the api, and that of the app', async () => {
    await using app = await listen({ bodyLimit: 1_000 })
    const send = async (path: string, bytes: number): Promise<number> => {
      const text = JSON.stringify('a'.repeat(bytes - 2))
      // Of the second the head does not tell the length.
      const bodies = [{ body: text }, { body: new Blob([text]).stream(), duplex: 'half' }]
      const headers = { 'content-type': 'application/json' }
      const [known, unknown] = await Promise.all(
        bodies.map((init) =>
          fetch(app.app.listeningOrigin + path, { method: 'POST', headers, ...init } as RequestInit),
        ),
      )
      assert.equal(known?.status, unknown?.status)
      return known?.status ?? 0
    }
    assert.equal(await send('/small', 100), 200)
    assert.equal(await send('/small', 101), 413)
    assert.equal(await send('/large', 1_000), 200)
    assert.equal(await send('/large', 1_001), 413)
  })

  it('draws a warning at the start where an api asks for more than the app lets through', async () => {
    await using app = await listen()
    assert.deepEqual(
      app.lines.map(({ msg, code }) => ({ msg, code })),
      [
        {
          msg: 'Bodies.large takes bodies of up to 20971520 bytes (its bodyLimit), but the app refuses those above 1048576: raise bodyLimit of Fastify()',
          code: 'EKB_WRN_MOUNT_BODY_LIMIT',
        },
      ],
    )
  })
})
