import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type BentoServer, NEEDS_BENTOML, serveBento } from '../helpers/bentoml.js'
import { call, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'

interface Asked {
  readonly value?: unknown
  readonly error?: { readonly code: string; readonly statusCode: number; readonly remote?: Record<string, unknown> }
}

describe("a service that depends on one of BentoML's, by its url", NEEDS_BENTOML, () => {
  let python: BentoServer
  let bridge: ServingCommand
  before(async () => {
    python = await serveBento('Python')
    bridge = await serveFixture('calls-python:Bridge', [], { env: { BENTO_URL: python.url } })
  })
  after(async () => {
    assert.equal(await bridge.stop(), 0)
    await bridge[Symbol.asyncDispose]()
    await python[Symbol.asyncDispose]()
  })

  const ask = async (api: string, input?: unknown, options?: object) =>
    (await call<Asked>(bridge.url, 'ask', { api, input, options })).body
  const read = async (input: object) => (await call<string[]>(bridge.url, 'read', input)).body

  it('calls it under its own routes, by key and with a whole body', async () => {
    assert.deepEqual(await ask('add', { a: 2, b: 3 }), { value: 5 })
    assert.deepEqual(await ask('greet', { name: 'Zoë 🚉' }), { value: 'Hello, Zoë 🚉!' })
    assert.deepEqual(await ask('shout', '"straße"'), { value: '"STRASSE"' })
    assert.deepEqual(await ask('flip', { x: 1, y: 2 }), { value: { x: 2, y: 1 } })
  })

  it('sends it files, and gets one', async () => {
    const { body: scanned } = await call<string[]>(bridge.url, 'scan')
    assert.deepEqual(scanned, ['5', 'a-0.png an image', 'a-1.txt one', 'a-2.txt two'])
    const { body: rendered } = await call<string[]>(bridge.url, 'render', { text: 'wörds' })
    assert.deepEqual(rendered, ['rendered.txt', 'wörds'])
  })

  it('reads its streams, and leaves them', async () => {
    assert.equal((await read({ api: 'tokens', input: { words: ['to', 'ken', 's 🚉'] } })).join(''), 'tokens 🚉')
    assert.equal((await read({ api: 'endless', take: 3 })).length, 3)
  })

  it('is refused by it as by any other, and told of an api that it has not', async () => {
    const { error } = await ask('fails', { status: 404 })
    assert.deepEqual([error?.code, error?.statusCode], ['EKB_ERR_DEPENDENCY_FAILED', 502])
    assert.equal(error?.remote?.statusCode, 404)
    assert.match(String(error.remote.message), /Out of paper/)
    assert.equal((await ask('fails', { status: 500 })).error?.statusCode, 500)
    assert.equal((await ask('ad', {})).error?.code, 'EKB_ERR_SERVICE_NOT_AN_API')
  })

  it('sends ids and the time that is left', async () => {
    const { value } = await ask('headers', {}, { timeoutMs: 60_000 })
    const { 'x-request-id': id, 'ekiben-timeout-ms': leftMs } = value as Record<string, string>
    assert.match(String(id), /^[\w.:-]+$/)
    assert.ok(Number(leftMs) > 0 && Number(leftMs) <= 60_000)
  })
})
