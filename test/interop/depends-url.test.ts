import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type ClientError, connectClient, type DynamicClient, isClientError } from '@ekiben/core/client'
import { type BentoServer, NEEDS_BENTOML, serveBento } from '../helpers/bentoml.js'
import { serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'

async function refusal(call: PromiseLike<unknown>): Promise<ClientError> {
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

describe("a service of ours that depends on one of BentoML's", NEEDS_BENTOML, () => {
  let python: BentoServer
  let front: ServingCommand
  let client: Required<DynamicClient>
  before(async () => {
    python = await serveBento('Python')
    front = await serveFixture('needs-python:Front', [], { env: { PYTHON_URL: python.url } })
    client = (await connectClient(front.url)) as Required<DynamicClient>
  })
  after(async () => {
    assert.equal(await front.stop(), 0)
    await front[Symbol.asyncDispose]()
    await python[Symbol.asyncDispose]()
  })

  for (const via of ['known', 'asked']) {
    describe(via === 'known' ? 'as it was declared' : 'as it says itself', () => {
      const call = (api: string, input: unknown) => client.call!({ via, api, input })

      it('calls it, under its own routes, and gets JSON, text and files', async () => {
        assert.equal(await call('add', { a: 2 }), 3)
        assert.equal(await call('greet', { name: 'Zoë 🚉' }), 'Hello, Zoë 🚉!')
        assert.equal(await call('shout', '"5"'), '"5"')
        const answer = await fetch(`${front.url}/call`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ via, api: 'render', input: { text: 'wörds' } }),
        })
        assert.match(answer.headers.get('content-disposition') ?? '', /filename="rendered.txt"/)
        assert.equal(await answer.text(), 'wörds')
      })

      it('hands files on that were uploaded to it', async () => {
        const pages = [new File(['one'], 'a-1.txt'), new File(['two'], 'a-2.txt')]
        const scanned = await client.scan!({ via, image: new File(['an image'], 'a-0.png'), pages })
        assert.deepEqual(scanned, ['', 'a-0.png an image', 'a-1.txt one', 'a-2.txt two'])
      })

      it('passes a stream through, and leaves one', async () => {
        const words = ['to', 'ken', 's 🚉']
        assert.equal(await joined(client.stream!({ via, api: 'tokens', input: { words } })), 'tokens 🚉')
        assert.equal(await client.first!({ via, count: 3 }), true)
      })

      it('answers for what it refuses, and passes that on where it is told to', async () => {
        const refused = await refusal(call('fails', { status: 409 }))
        assert.deepEqual([refused.statusCode, refused.code], [502, 'EKB_ERR_DEPENDENCY_FAILED'])
        assert.doesNotMatch(refused.message, /paper|Python|127\.0\.0\.1/)
        const own = await refusal(client.own!({ via, status: 409 }))
        assert.deepEqual([own.statusCode, own.message], [409, 'Out of paper'])
        const invalid = await refusal(client.own!({ via, status: 'none' }))
        assert.equal(invalid.statusCode, 400)
        const stream = await refusal(joined(client.stream!({ via, api: 'refuses', input: {} })))
        assert.deepEqual([stream.statusCode, stream.code], [502, 'EKB_ERR_DEPENDENCY_FAILED'])
      })

      it('answers for its failures', async () => {
        for (const [status, seen] of [
          [429, 429],
          [500, 500],
          [503, 503],
        ]) {
          const { statusCode, message } = await refusal(call('fails', { status }))
          assert.equal(statusCode, seen, `for ${status}`)
          assert.doesNotMatch(message, /secret|paper|127\.0\.0\.1/)
        }
      })
    })
  }
})
