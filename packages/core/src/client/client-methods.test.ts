import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectClient } from './connect-client.js'
import { createClient } from './create-client.js'

interface Service {
  run(input?: unknown): Promise<unknown>
  items(input?: unknown): AsyncIterable<unknown>
}

/** A token that never comes: nothing is sent. */
const options = {
  headers: () => new Promise<Record<string, string>>(() => {}),
  fetch: () => assert.fail('it was sent'),
}
const URL_OF_NOBODY = 'http://127.0.0.1:1'

test('the time of a call and the signal of its caller cover an asynchronous headers()', async () => {
  const client = createClient<Service>(URL_OF_NOBODY, options)
  await assert.rejects(client.run({}, { timeoutMs: 10 }), { code: 'EKB_ERR_CLIENT_TIMEOUT' })
  const leaving = new AbortController()
  const { signal } = leaving
  const left = client.run({}, { signal })
  leaving.abort()
  await assert.rejects(left, { code: 'EKB_ERR_CLIENT_ABORTED' })
  const items = client.items({}, { timeoutMs: 10 })[Symbol.asyncIterator]()
  await assert.rejects(items.next(), { code: 'EKB_ERR_CLIENT_TIMEOUT' })
})

test('so does the time for the schema', async () => {
  await assert.rejects(connectClient(URL_OF_NOBODY, { ...options, timeoutMs: 10 }), { code: 'EKB_ERR_CLIENT_TIMEOUT' })
})
