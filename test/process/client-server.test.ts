import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ClientError, connectClient, createClient, isClientError } from '@ekiben/core/client'
import { serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

/** What every host is tested with. */
const TEXTS = `${resolve('packages/core/dist/testing/conformance/services.js')}:Texts`

/** The apis of it that are called here. */
interface Texts {
  count(input: { text: string; times?: number }): Promise<{ words: number }>
  shout(input: { text: string }): Promise<string>
  refuses(): Promise<never>
  throws(): Promise<never>
  wait(input: { ms: number }): Promise<unknown>
  happened(): Promise<string[]>
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
  let server: ServingCommand
  before(async () => {
    server = await serveFixture(TEXTS)
  })
  after(async () => {
    await using stopped = server
    assert.equal(await stopped.stop(), 0)
  })

  it('calls it, and fails as it says', async () => {
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
  })

  it('has its call ended there, two services on, when it gives up', async () => {
    const client = createClient<Texts>(server.url)
    const headers = { 'x-request-id': 'gave-up' }
    // On a busy machine it may not even begin there in that time.
    await waitUntil(async () => {
      const error = await errorOf(client.wait({ ms: 2_500 }, { timeoutMs: 700, headers }))
      assert.equal(error.code, 'EKB_ERR_CLIENT_TIMEOUT')
      return (await client.happened()).includes('began gave-up')
    })
    await waitUntil(async () => (await client.happened()).includes('cancelled gave-up'), {
      describe: 'the abort, two services on',
    })
  })

  it('learns from it what there is', async () => {
    const client = await connectClient<Texts>(server.url, { readyWithinMs: 5_000 })
    assert.equal(await client.shout({ text: 'hé' }), 'HÉ')
    assert.deepEqual(await client.count({ text: 'a b' }), { words: 2 })
  })
})
