import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ItemQueue } from './item-queue.js'

const item = (value: unknown) => ({ done: false, value })
const DONE = { done: true, value: undefined }

function open() {
  const taken: number[] = []
  return { queue: new ItemQueue((cost) => taken.push(cost)), taken }
}

describe('items and those who ask for them', () => {
  test('meet in order, whoever comes first', async () => {
    const { queue, taken } = open()
    queue.push('a', 1)
    queue.push('b', 2)
    assert.deepEqual(taken, [])
    assert.deepEqual([await queue.next(), await queue.next()], [item('a'), item('b')])
    const waiting = [queue.next(), queue.next()]
    queue.push('c', 3)
    queue.push('d', 4)
    assert.deepEqual(await Promise.all(waiting), [item('c'), item('d')])
    assert.deepEqual(taken, [1, 2, 3, 4])
  })

  test('what has come is still given after the end', async () => {
    const { queue } = open()
    queue.push('a', 1)
    queue.end()
    assert.deepEqual([await queue.next(), await queue.next(), await queue.next()], [item('a'), DONE, DONE])
  })

  test('an error comes after the last item, once', async () => {
    const { queue } = open()
    const error = new Error('broken')
    queue.push('a', 1)
    queue.end({ error })
    queue.end()
    assert.deepEqual(await queue.next(), item('a'))
    await assert.rejects(queue.next(), error)
    assert.deepEqual(await queue.next(), DONE)
  })

  test('the first who waits hears of an error, the others that it is over', async () => {
    const { queue } = open()
    const outcomes = Promise.allSettled([queue.next(), queue.next()])
    queue.end({ error: 'broken' })
    assert.deepEqual(await outcomes, [
      { status: 'rejected', reason: 'broken' },
      { status: 'fulfilled', value: DONE },
    ])
  })

  test('dropped, neither items nor an error are given, and nobody waits for ever', async () => {
    const { queue, taken } = open()
    queue.push('a', 1)
    queue.drop()
    queue.end({ error: 'broken' })
    assert.deepEqual(await queue.next(), DONE)
    const other = open().queue
    const waiting = other.next()
    other.drop()
    assert.deepEqual(await waiting, DONE)
    assert.deepEqual(taken, [])
  })
})
