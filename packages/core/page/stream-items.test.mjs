import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { streamItems } from './stream-items.mjs'

const SSE = 'text/event-stream'
const LINES = 'application/x-ndjson'

/** All items of a body that arrives in these pieces, strings or bytes. */
async function itemsOf(pieces, mediaType) {
  const encoder = new TextEncoder()
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece)
      controller.close()
    },
  })
  const items = []
  for await (const { name, text } of streamItems(body, mediaType)) items.push(`${name}: ${text}`)
  return items
}

describe('streamItems', () => {
  test('reads events, wherever a piece ends', async () => {
    const text =
      'id: 1\r\ndata: {"a":1}\r\n\r\n: a comment\n\ndata: two\ndata:lines\n\nevent: error\rdata: {"error":"x"}\r\r'
    const expected = ['message: {"a":1}', 'message: two\nlines', 'error: {"error":"x"}']
    assert.deepEqual(await itemsOf([text], SSE), expected)
    assert.deepEqual(await itemsOf([...text], SSE), expected)
  })

  test('drops an event that has no end', async () => {
    assert.deepEqual(await itemsOf(['data: whole\n\ndata: ha'], SSE), ['message: whole'])
  })

  test('reads lines of JSON, the last one without an end too', async () => {
    assert.deepEqual(await itemsOf(['{"a":', '1}\n\n{"b":2}'], LINES), ['message: {"a":1}', 'message: {"b":2}'])
  })

  test('tells an error that ends a stream from an item', async () => {
    const error = '{"error":"It failed","code":"EKB_ERR_INTERNAL","statusCode":500,"requestId":"r1"}'
    assert.deepEqual(await itemsOf([`{"error":"none"}\n${error}\n`], LINES), [
      'message: {"error":"none"}',
      `error: ${error}`,
    ])
  })

  test('gives all else as it arrives, with characters whole', async () => {
    const [first, ...rest] = new TextEncoder().encode('é!')
    assert.deepEqual(await itemsOf([Uint8Array.of(first), Uint8Array.from(rest)], 'text/plain'), ['message: é!'])
  })

  test('lets go of the body when nobody reads on', async () => {
    let isCancelled = false
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: x\n\n')),
      cancel: () => {
        isCancelled = true
      },
    })
    for await (const _ of streamItems(body, SSE)) break
    assert.equal(isCancelled, true)
  })
})
