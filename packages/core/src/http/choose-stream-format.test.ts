import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseStreamFormat, type StreamFormat } from './choose-stream-format.js'

const TEXT = { value: 'a' }
const OBJECT = { value: { a: 1 } }
const BYTES = { value: Uint8Array.of(1) }

const table: readonly [
  accept: string | undefined,
  mediaType: string | undefined,
  first: { value: unknown } | undefined,
  expected: StreamFormat,
][] = [
  ['text/event-stream', undefined, TEXT, 'events'],
  ['Text/Event-Stream; charset=utf-8', undefined, OBJECT, 'events'],
  ['application/json, text/event-stream;q=0.5', undefined, OBJECT, 'events'],
  ['application/x-ndjson', undefined, TEXT, 'lines'],
  ['application/x-ndjson, text/event-stream', undefined, TEXT, 'events'],
  ['text/event-stream;q=0, application/x-ndjson', undefined, TEXT, 'lines'],
  ['*/*', undefined, OBJECT, 'lines'],
  ['text/*', undefined, TEXT, 'raw'],
  [undefined, undefined, OBJECT, 'lines'],
  [undefined, undefined, { value: 5 }, 'lines'],
  [undefined, undefined, { value: undefined }, 'lines'],
  [undefined, undefined, TEXT, 'raw'],
  [undefined, undefined, BYTES, 'raw'],
  ['text/event-stream', undefined, BYTES, 'raw'],
  [undefined, undefined, undefined, 'raw'],
  ['text/event-stream', undefined, undefined, 'events'],
  [undefined, 'text/event-stream', TEXT, 'events'],
  [undefined, 'application/x-ndjson', TEXT, 'lines'],
  ['application/x-ndjson', 'text/event-stream', TEXT, 'events'],
  ['*/*', 'text/csv', TEXT, 'raw'],
]
for (const [accept, mediaType, first, expected] of table) {
  test(`${accept}, ${mediaType}, ${JSON.stringify(first)}: ${expected}`, () => {
    assert.equal(chooseStreamFormat({ accept, mediaType, first }), expected)
  })
}
