import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptRequestId, createRequestIds } from './request-id.js'

test('ids are new each time, here and in every other process', () => {
  const [first, second] = [createRequestIds(), createRequestIds()]
  const ids = [first(), first(), second(), second()]
  assert.equal(new Set(ids).size, 4)
  for (const id of ids) assert.equal(acceptRequestId(id), id)
})

test("a client's own is taken only if it may go into headers and logs", () => {
  const long = 'a'.repeat(128)
  for (const id of ['a', 'A_b.c:d-9', long]) assert.equal(acceptRequestId(id), id)
  for (const id of ['', `${long}a`, 'a b', 'a,b', 'ä', 'a\n', undefined, ['a']])
    assert.equal(acceptRequestId(id), undefined)
})
