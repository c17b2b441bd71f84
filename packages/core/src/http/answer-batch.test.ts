import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { AnswerBatch } from './answer-batch.js'

/** A batch whose clock is set by hand; `sent`: what went out. */
function makeBatch() {
  const clock = { ms: 0 }
  const sent: string[] = []
  const batch = new AnswerBatch(() => clock.ms)
  const add = (...names: string[]) => {
    for (const name of names) batch.add(() => sent.push(name))
  }
  return { clock, sent, add }
}

test('sends the answers of one turn at its end, in their order', async () => {
  const { add, sent } = makeBatch()
  add('a', 'b')
  await Promise.resolve()
  add('c')
  assert.deepEqual(sent, [])
  await turn()
  assert.deepEqual(sent, ['a', 'b', 'c'])
  add('d', 'e')
  assert.equal(sent.length, 3)
  await turn()
  assert.deepEqual(sent, ['a', 'b', 'c', 'd', 'e'])
})

test('holds the first no longer than a millisecond, however many come behind it', async () => {
  const { add, sent, clock } = makeBatch()
  add('a')
  clock.ms = 0.9
  add('b')
  assert.deepEqual(sent, [])
  clock.ms = 1
  add('c')
  assert.deepEqual(sent, ['a', 'b', 'c'])
  add('d')
  await turn()
  assert.deepEqual(sent, ['a', 'b', 'c', 'd'])
})

test('holds fewer and fewer where each turn has one answer, and all again once one has more', async () => {
  const { add, sent } = makeBatch()
  const passed: number[] = []
  for (let round = 0; round < 6; round++) {
    let passes = 0
    for (;;) {
      add('x')
      const wasSent = sent.length === 1
      sent.length = 0
      if (!wasSent) break
      passes++
    }
    await turn()
    sent.length = 0
    passed.push(passes)
  }
  assert.deepEqual(passed, [0, 1, 3, 7, 15, 15])
  for (let passes = 0; passes < 15; passes++) add('x')
  sent.length = 0
  add('a', 'b')
  await turn()
  assert.deepEqual(sent, ['a', 'b'])
  add('c')
  assert.deepEqual(sent, ['a', 'b'], 'none passes after a turn with two')
})

test('holds none for a thousand answers after work that blocked held one up', async () => {
  const { add, sent, clock } = makeBatch()
  add('a')
  // What another request does in the same turn.
  clock.ms = 10
  await turn()
  for (let count = 1; count <= 1000; count++) {
    add('b')
    assert.equal(sent.length, 1 + count)
  }
  add('c')
  assert.equal(sent.length, 1001)
  await turn()
  assert.equal(sent.length, 1002)
})
