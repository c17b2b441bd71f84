import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ValueKind } from '../openapi/schema-parts.js'
import { chooseStreamFormat, type StreamFormat } from './choose-stream-format.js'

const table: readonly [
  accept: string | undefined,
  mediaType: string | undefined,
  items: ValueKind,
  expected: StreamFormat,
][] = [
  ['text/event-stream', undefined, 'text', 'events'],
  ['Text/Event-Stream; charset=utf-8', undefined, 'values', 'events'],
  ['application/json, text/event-stream;q=0.5', undefined, 'values', 'events'],
  ['application/x-ndjson', undefined, 'text', 'lines'],
  ['application/x-ndjson, text/event-stream', undefined, 'text', 'events'],
  ['text/event-stream;q=0, application/x-ndjson', undefined, 'text', 'lines'],
  ['*/*', undefined, 'values', 'lines'],
  ['text/*', undefined, 'text', 'raw'],
  [undefined, undefined, 'values', 'lines'],
  [undefined, undefined, 'text', 'raw'],
  [undefined, undefined, 'bytes', 'raw'],
  ['text/event-stream', undefined, 'bytes', 'raw'],
  [undefined, 'text/event-stream', 'text', 'events'],
  [undefined, 'application/x-ndjson', 'text', 'lines'],
  ['application/x-ndjson', 'text/event-stream', 'text', 'events'],
  ['*/*', 'text/csv', 'text', 'raw'],
]
for (const [accept, mediaType, items, expected] of table) {
  test(`${accept}, ${mediaType}, ${items}: ${expected}`, () => {
    assert.equal(chooseStreamFormat({ accept, mediaType, items }), expected)
  })
}
