import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallRequest } from '../runner/call-request.js'
import { Gate, gatedHandler } from './gate.js'

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

test('refuses a call from inside with 503, and runs none whose caller has left while it waited', async () => {
  const began: unknown[] = []
  let end: (value: unknown) => void = () => {}
  const handler = gatedHandler(gateOf(1, 1), (_api, input) => {
    began.push(input)
    return new Promise((resolve) => {
      end = resolve
    })
  })
  const request = () => {
    const leaving = new AbortController()
    return { leaving, request: { requestId: 'r', signal: leaving.signal } as unknown as CallRequest }
  }
  const first = handler('api', 1, request().request)
  const second = request()
  const waiting = handler('api', 2, second.request)
  await assert.rejects(async () => handler('api', 3, request().request), {
    code: 'EKB_ERR_OVERLOADED',
    statusCode: 503,
  })
  second.leaving.abort(new Error('left'))
  await assert.rejects(async () => waiting, { message: 'left' })
  await assert.rejects(async () => handler('api', 3, second.request), { message: 'left' })
  const third = handler('api', 4, request().request)
  end('done')
  assert.equal(await first, 'done')
  await new Promise(setImmediate)
  end('done too')
  assert.equal(await third, 'done too')
  assert.deepEqual(began, [1, 4])
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
