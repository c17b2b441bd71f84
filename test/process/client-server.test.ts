import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ClientError, connectClient, createClient, isClientError } from '@ekiben/core/client'
import { serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

/** The apis of test/fixtures/services/conformance.mjs that are called here. */
interface Texts {
  count(input: { text: string; times?: number }): Promise<{ words: number }>
  shout(input: { text: string }): Promise<string>
  refuses(): Promise<never>
  throws(): Promise<never>
  wait(input: { ms: number }): Promise<unknown>
  waits(): Promise<string[]>
}

const APIS = { shout: { route: '/loud/shout' } }

async function errorOf(promise: Promise<unknown>): Promise<ClientError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(isClientError(error), String(error))
  return error
}

describe('a client of a service that is served', () => {
  it('calls it, and fails as it says', async () => {
    await using server = await serveFixture('conformance.mjs:Texts')
    const client = createClient<Texts>(server.url, { apis: APIS })
    assert.deepEqual(await client.count({ text: 'a b', times: 2 }), { words: 4 })
    assert.equal(await client.shout({ text: 'hé' }), 'HÉ')

    const refused = await errorOf(client.refuses())
    assert.deepEqual(
      [refused.code, refused.statusCode, refused.detail, refused.message],
      ['ORDER_TAKEN', 409, { id: 7 }, 'No such order'],
    )
    const invalid = await errorOf(client.count({ text: '' }, { headers: { 'x-request-id': 'my-id' } }))
    assert.deepEqual([invalid.code, invalid.statusCode, invalid.requestId], ['EKB_ERR_VALIDATION', 400, 'my-id'])
    assert.deepEqual((invalid.detail as { path: unknown }[])[0]?.path, ['text'])
    const masked = await errorOf(client.throws())
    assert.deepEqual([masked.code, masked.statusCode], ['EKB_ERR_INTERNAL', 500])
    assert.doesNotMatch(masked.message, /secret/)
    const missing = await errorOf((client as unknown as { cuont(input: object): Promise<unknown> }).cuont({}))
    assert.deepEqual([missing.code, missing.statusCode], ['EKB_ERR_ROUTE_NOT_FOUND', 404])

    assert.equal(await server.stop(), 0)
  })

  it('has its call ended there, two services on, when it gives up', async () => {
    await using server = await serveFixture('conformance.mjs:Texts')
    const client = createClient<Texts>(server.url)
    const headers = { 'x-request-id': 'gave-up' }
    const error = await errorOf(client.wait({ ms: 2_500 }, { timeoutMs: 700, headers }))
    assert.equal(error.code, 'EKB_ERR_CLIENT_TIMEOUT')
    await waitUntil(async () => (await client.waits()).includes('gave-up'), { describe: 'the abort, two services on' })
    assert.equal(await server.stop(), 0)
  })

  it('learns from it what there is', async () => {
    await using server = await serveFixture('conformance.mjs:Texts')
    const client = await connectClient<Texts>(server.url, { readyWithinMs: 5_000 })
    assert.equal(await client.shout({ text: 'hé' }), 'HÉ')
    assert.deepEqual(await client.count({ text: 'a b' }), { words: 2 })
    assert.equal(await server.stop(), 0)
  })
})
