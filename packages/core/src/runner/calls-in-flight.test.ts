import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CallsInFlight } from './calls-in-flight.js'

const request = (requestId: string) => ({ requestId })

it('knows the calls that run, the oldest first, and how many have ended', () => {
  const calls = new CallsInFlight()
  assert.equal(calls.oldestMs(), 0)
  const first = calls.enter('a', request('1'))
  calls.enter('b', request('2'))
  assert.deepEqual(
    calls.running.map(({ api }) => api),
    ['a', 'b'],
  )
  assert.ok(calls.oldestMs() >= 0)
  calls.leave(first)
  assert.deepEqual({ size: calls.size, ended: calls.ended }, { size: 1, ended: 1 })
  assert.deepEqual(
    calls.running.map(({ api }) => api),
    ['b'],
  )
})

it('lets calls leave in any order', () => {
  const calls = new CallsInFlight()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((api) => calls.enter(api, request(api)))
  for (const [left, rest] of [
    [b, ['a', 'c', 'd']],
    [d, ['a', 'c']],
    [a, ['c']],
    [c, []],
  ] as const) {
    assert.ok(left !== undefined)
    calls.leave(left)
    assert.deepEqual(calls.running.map(({ api }) => api).toSorted(), rest)
  }
})

it('tells once when the limit is reached', () => {
  const calls = new CallsInFlight()
  let told = 0
  calls.setLimit(2, () => told++)
  for (let count = 0; count < 4; count++) calls.leave(calls.enter('a', request('1')))
  assert.equal(told, 1)
})
