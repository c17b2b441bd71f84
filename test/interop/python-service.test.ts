import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type ClientError, connectClient, createClient, type DynamicClient, isClientError } from '@ekiben/core/client'
import { type BentoServer, NEEDS_BENTOML, serveBento, startBento } from '../helpers/bentoml.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'

/** The class `Python` of bento_service.py, as far as a typed client calls it. */
interface Typed {
  add(input: { a: number; b?: number }): Promise<number>
  greet(input: { name: string }): Promise<string>
  shout(input: string): Promise<string>
  flip(input: { x: number; y: number }): Promise<{ x: number; y: number }>
  scan(input: { image: File; pages: File[] }): Promise<string[]>
  render(input: { text: string }): Promise<File>
  tokens(input: { words: string[] }): AsyncIterable<string>
  fails(input: { status: number }): Promise<string>
}

async function refusal(call: PromiseLike<unknown> | undefined): Promise<ClientError> {
  try {
    await call
  } catch (error) {
    assert.ok(isClientError(error), String(error))
    return error
  }
  throw new assert.AssertionError({ message: 'it was not refused' })
}

async function joined(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const piece of stream) text += piece
  return text
}

describe("a service of BentoML's", NEEDS_BENTOML, () => {
  let server: BentoServer
  let client: Required<DynamicClient>
  before(async () => {
    server = await serveBento('Python')
    client = (await connectClient(server.url)) as Required<DynamicClient>
  })
  after(() => server[Symbol.asyncDispose]())

  it('is called with its parameters as keys, under its own routes', async () => {
    assert.equal(await client.add!({ a: 2, b: 3 }), 5)
    assert.equal(await client.add!({ a: 2 }), 3)
    assert.equal(await client.greet!({ name: 'Zoë 🚉' }), 'Hello, Zoë 🚉!')
    assert.equal(await client.nothing!(), null)
  })

  it('takes a whole body: text, a list, a model, a file', async () => {
    assert.equal(await client.shout!('"straße"'), '"STRASSE"')
    assert.equal(await client.total!([1, 2.5]), 3.5)
    assert.deepEqual(await client.flip!({ x: 1, y: 2 }), { x: 2, y: 1 })
    assert.equal(await client.measure!(new File(['12345'], 'five.bin')), 5)
  })

  it('takes tensors as lists, typed arrays among them, and gives lists', async () => {
    assert.deepEqual(await client.scale!({ values: new Float32Array([1, 2.5]), by: 4 }), [4, 10])
    assert.deepEqual(await client.scale!({ values: [[1], [2]] }), [[2], [4]])
  })

  it('takes files as fields, and gives files and bytes', async () => {
    const pages = [new File(['one'], 'a-1.txt'), new File(['two'], 'a-2.txt')]
    const image = new File(['an image'], 'a-0.png', { type: 'image/png' })
    const scanned = ['5', 'a-0.png an image', 'a-1.txt one', 'a-2.txt two']
    assert.deepEqual(await client.scan!({ image, pages, note: '5' }), scanned)
    const file = (await client.render!({ text: 'wörds' })) as File
    assert.deepEqual([file.name, await file.text()], ['rendered.txt', 'wörds'])
    const bytes = (await client.raw!()) as Blob
    assert.deepEqual([...new Uint8Array(await bytes.arrayBuffer())], [0, 255])
  })

  it('streams pieces of text, which may be left', async () => {
    assert.equal(await joined(client.tokens!({ words: ['to', 'ken', 's 🚉'] })), 'tokens 🚉')
    let pieces = 0
    for await (const piece of client.endless!()) {
      assert.match(String(piece), /^(more )+$/)
      if (++pieces === 3) break
    }
    assert.equal((await refusal(client.refuses!())).statusCode, 404)
  })

  it('refuses with its status and its words', async () => {
    const invalid = await refusal(client.add!({ a: 'one' }))
    assert.deepEqual([invalid.statusCode, invalid.code], [400, 'EKB_ERR_CLIENT_REFUSED'])
    assert.match(invalid.message, /1 validation error for Input/)
    assert.deepEqual((invalid.detail as { loc: unknown }[])[0]?.loc, ['a'])
    for (const status of [400, 404, 409, 429]) {
      const error = await refusal(client.fails!({ status }))
      assert.equal(error.statusCode, status)
      // It comes as a list of one.
      assert.match(error.message, /Out of paper/)
      assert.equal(error.retryable, status === 429)
      assert.match(error.requestId ?? '', /^[\da-f]{16}$/)
    }
    const masked = await refusal(client.fails!({ status: 500 }))
    assert.deepEqual([masked.statusCode, /secret/.test(masked.message)], [500, false])
  })

  it('is called by a typed client as well', async () => {
    const typed = createClient<Typed>(server.url, {
      apis: { greet: { route: '/v1/greet' }, render: { answer: 'blob' } },
    })
    assert.equal(await typed.add({ a: 2 }), 3)
    assert.equal(await typed.greet({ name: 'Ada' }), 'Hello, Ada!')
    assert.deepEqual(await typed.flip({ x: 1, y: 2 }), { x: 2, y: 1 })
    assert.equal((await typed.scan({ image: new File(['i'], 'i'), pages: [new File(['p'], 'p')] })).length, 3)
    assert.equal(await (await typed.render({ text: 'abc' })).text(), 'abc')
    assert.equal(await joined(typed.tokens({ words: ['a', 'b'] })), 'ab')
    assert.equal((await refusal(typed.fails({ status: 409 }))).statusCode, 409)
  })

  it('is called from the command line', async () => {
    const call = async (...args: string[]) => {
      const { code, stdout, stderr } = await runNodeToEnd([EKIBEN, 'call', server.url, ...args])
      return { code, stdout, stderr }
    }
    assert.deepEqual(await call('add', '{"a":2}'), { code: 0, stdout: '3\n', stderr: '' })
    assert.deepEqual(await call('greet', '{"name":"Ada"}'), { code: 0, stdout: 'Hello, Ada!', stderr: '' })
    assert.deepEqual(await call('shout', 'five'), { code: 0, stdout: 'FIVE', stderr: '' })
    const refused = await call('fails', '{"status":404}')
    assert.deepEqual([refused.code, /404.*Out of paper/.test(refused.stderr)], [1, true])
  })
})

describe('a server of BentoML', NEEDS_BENTOML, () => {
  it('is waited for until it is ready', async () => {
    await using server = await startBento('Python')
    await assert.rejects(fetch(`${server.url}/readyz`))
    const client = await connectClient(server.url, { readyWithinMs: 90_000 })
    assert.equal(await client.add?.({ a: 1 }), 2)
  })

  it('says when it is busy', async () => {
    await using server = await serveBento('Busy')
    const client = (await connectClient(server.url)) as Required<DynamicClient>
    for await (const piece of client.hold!()) {
      assert.equal(piece, 'held')
      const { statusCode, message, retryable } = await refusal(client.hold!())
      assert.deepEqual([statusCode, retryable], [429, true])
      assert.match(message, /Too many requests/)
      break
    }
  })

  it('says when an answer took too long', async () => {
    await using server = await serveBento('Late')
    const client = await connectClient(server.url)
    const { statusCode, message } = await refusal(client.think?.())
    assert.equal(statusCode, 504)
    assert.match(message, /Not able to process the request in 1/)
  })
})
