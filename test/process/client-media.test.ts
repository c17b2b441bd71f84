import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectClient, createClient, isClientError } from '@ekiben/core/client'
import { serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

/** The service of test/fixtures/services/media.mjs. */
interface Media {
  describe(input: { image: File; pages: readonly File[]; note: string }): Promise<unknown>
  whole(input: Blob): Promise<unknown>
  upper(input: string): Promise<string>
  raw(): Promise<Uint8Array>
  png(): Promise<Uint8Array>
  file(): Promise<File>
  count(input: { to: number }): AsyncIterable<unknown>
  fails(): AsyncIterable<unknown>
  refuses(): AsyncIterable<unknown>
  never(input: { name: string }): AsyncIterable<{ n: number }>
  stopped(): Promise<string[]>
}

async function itemsOf(stream: AsyncIterable<unknown>): Promise<{ items: unknown[]; error: unknown }> {
  const items: unknown[] = []
  try {
    for await (const item of stream) items.push(item)
    return { items, error: undefined }
  } catch (error) {
    return { items, error }
  }
}

const bytesOf = async (blob: Blob) => [...new Uint8Array(await blob.arrayBuffer())]

const CLIENTS = {
  createClient: async (url: string) => createClient<Media>(url, { apis: { raw: { answer: 'blob' } } }),
  connectClient: (url: string) => connectClient<Media>(url),
}

for (const [name, make] of Object.entries(CLIENTS)) {
  describe(`what ${name} makes`, () => {
    it('sends files, gets files, text and bytes', async () => {
      await using server = await serveFixture('media.mjs')
      const client = await make(server.url)
      const image = new File(['abc'], 'é.png', { type: 'image/png' })
      const pages = [new File(['1'], '1.txt', { type: 'text/plain' })]
      assert.deepEqual(await client.describe({ image, pages, note: '5' }), {
        ...{ name: 'é.png', type: 'image/png', text: 'abc', pages: 1, note: '5' },
      })
      assert.deepEqual(await client.whole(image), { type: 'image/png', bytes: 3 })
      assert.equal(await client.upper('"hé"'), '"HÉ"')
      assert.deepEqual(await bytesOf(await client.raw()), [0, 255])
      const png = await client.png()
      assert.deepEqual([png.type, await bytesOf(png)], ['image/png', [137, 80]])
      const file = await client.file()
      assert.ok(file instanceof File)
      assert.deepEqual([file.name, file.type, await file.text()], ['é.txt', 'application/x-own', 'abc'])
      assert.equal(await server.stop(), 0)
    })

    it('iterates streams to their end, their error, or until it leaves', async () => {
      await using server = await serveFixture('media.mjs')
      const client = await make(server.url)
      assert.deepEqual(await itemsOf(client.count({ to: 3 })), { items: [1, '2', 3], error: undefined })
      assert.deepEqual(await itemsOf(client.count({ to: 0 })), { items: [], error: undefined })

      const failed = await itemsOf(client.fails())
      assert.deepEqual(failed.items, [{ n: 1 }])
      assert.ok(isClientError(failed.error, 'NO_PAPER'), String(failed.error))
      assert.deepEqual([failed.error.statusCode, failed.error.detail], [409, { tray: 2 }])
      const refused = await itemsOf(client.refuses())
      assert.ok(isClientError(refused.error, 'ORDER_UNKNOWN') && refused.error.statusCode === 404)

      for await (const { n } of client.never({ name })) if (n === 3) break
      await waitUntil(async () => (await client.stopped()).includes(name), { describe: 'the generator to be stopped' })
      assert.equal(await server.stop(), 0)
    })
  })
}
