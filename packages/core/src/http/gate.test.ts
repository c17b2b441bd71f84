import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate } from './gate.js'

const gateOf = (maxConcurrency: number, maxQueue: number) => new Gate({ service: 'S', maxConcurrency, maxQueue })

test('lets so many in at once and the next in order', async () => {
  const gate = gateOf(2, 10)
  assert.equal(gate.enter({}), undefined)
  assert.equal(gate.enter({}), undefined)
  const order: number[] = []
  const third = gate.enter({})?.then(() => order.push(3))
  const fourth = gate.enter({})?.then(() => order.push(4))
  assert.equal(gate.waiting, 2)
  gate.leave()
  await third
  gate.leave()
  await fourth
  assert.deepEqual(order, [3, 4])
  gate.leave()
  gate.leave()
  assert.equal(gate.enter({}), undefined)
})

test('refuses one more than may wait, with 429', () => {
  const gate = gateOf(1, 0)
  void gate.enter({})
  assert.throws(() => gate.enter({}), { code: 'EKB_ERR_OVERLOADED', statusCode: 429 })
})

test('a place that becomes free goes to who waits, not to who comes', async () => {
  const gate = gateOf(1, 1)
  void gate.enter({})
  const waiting = gate.enter({})
  gate.leave()
  assert.ok(gate.enter({}) instanceof Promise)
  await waiting
})

test('forgets one that waits no longer', async () => {
  const gate = gateOf(1, 5)
  void gate.enter({})
  const gone = {}
  const left = assert.rejects(gate.enter(gone) ?? Promise.resolve(), { message: 'left' })
  const next = gate.enter({})
  gate.forget(gone, new Error('left'))
  gate.forget({}, new Error('never came'))
  await left
  gate.leave()
  await next
  assert.equal(gate.waiting, 0)
})
