import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatEvent } from './format-event.js'

test('formatEvent', () => {
  assert.equal(formatEvent('{"a":1}', { id: 1 }), 'id: 1\ndata: {"a":1}\n\n')
  assert.equal(formatEvent('{}', { event: 'error' }), 'event: error\ndata: {}\n\n')
  assert.equal(formatEvent('a\nb\r\n\rc'), 'data: a\ndata: b\ndata: \ndata: c\n\n')
  assert.equal(formatEvent(''), 'data: \n\n')
})
