import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { Logger } from '../observe/logger.js'
import { defineService } from '../service/define-service.js'
import { createMount } from './create-mount.js'
import { lineLogger } from './line-logger.js'

const Echo = defineService(
  class Echo {
    say(input: unknown) {
      return { input }
    }
    weigh(input: File) {
      return input.size
    }
  },
  { apis: { say: {}, weigh: { input: { type: 'string', format: 'binary' } } } },
)

/** One that somebody before has read to its end. */
async function readToEnd(pieces: string[] = []): Promise<Readable> {
  const stream = Readable.from(pieces.map((piece) => Buffer.from(piece)))
  stream.resume()
  await once(stream, 'end')
  return stream
}

test('a request without a body that has been read to its end is one with nothing in it', async () => {
  const mount = createMount(Echo, { dependencies: 'inline', scope: {} })
  try {
    await mount.ready()
    for (const headers of [{}, { 'content-length': '0' }, { 'content-length': '0', 'content-type': 'text/plain' }]) {
      const said = await mount.answer(mount.routeOf('say'), { headers, stream: await readToEnd() })
      assert.equal(said.body, '{"input":{}}')
      const weighed = await mount.answer(mount.routeOf('weigh'), { headers, stream: await readToEnd() })
      assert.equal(weighed.body, '0')
    }
  } finally {
    await mount.close()
  }
})

test('a body that has been read by somebody else is told of, of HTTP/2 as well', async () => {
  const log: Logger = { ...lineLogger(console), error: () => {}, child: () => log }
  const mount = createMount(Echo, { dependencies: 'inline', scope: {}, log })
  try {
    await mount.ready()
    const answered = (headers: Record<string, string>, stream: Readable) =>
      mount.answer(mount.routeOf('say'), { headers, stream })
    const consumed = { code: 'EKB_ERR_BODY_CONSUMED' }
    await assert.rejects(answered({ 'content-length': '2' }, await readToEnd(['{}'])), consumed)
    await assert.rejects(answered({ 'transfer-encoding': 'chunked' }, await readToEnd(['{}'])), consumed)
    const ofHttp2 = (endAfterHeaders: boolean) => ({ stream: { endAfterHeaders } })
    await assert.rejects(answered({}, Object.assign(await readToEnd(['{}']), ofHttp2(false))), consumed)
    assert.equal((await answered({}, Object.assign(await readToEnd(), ofHttp2(true)))).body, '{"input":{}}')
  } finally {
    await mount.close()
  }
})
