import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deferred } from '../util/deferred.js'
import { PROBE_LIMIT_MS, Probe } from './probe.js'

function probeOf(ask: (() => unknown) | undefined, initially = false) {
  const errors: string[] = []
  const clock = { now: 0 }
  const log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_: object, message?: string) => void errors.push(message ?? ''),
    child: () => log,
  }
  return { probe: new Probe({ name: 'isReady', ask, initially, now: () => clock.now, log }), errors, clock }
}

describe('a probe', () => {
  it('of a service that has no such method is true', () => {
    const { probe } = probeOf(undefined)
    probe.ask()
    assert.equal(probe.answer, true)
  })

  it('has the last answer, at once where that is no promise', () => {
    let answer: unknown = false
    const { probe } = probeOf(() => answer)
    assert.equal(probe.answer, false)
    for (const [given, expected] of [
      [true, true],
      [false, false],
      [{ model: 1 }, true],
      [undefined, false],
    ]) {
      answer = given
      probe.ask()
      assert.equal(probe.answer, expected)
    }
  })

  it('asks one question at a time', async () => {
    let asked = 0
    const answer = deferred<boolean>()
    const { probe } = probeOf(() => {
      asked++
      return answer.promise
    }, true)
    probe.ask()
    probe.ask()
    assert.deepEqual([asked, probe.answer], [1, true])
    answer.resolve(false)
    await nextTurn()
    assert.equal(probe.answer, false)
    probe.ask()
    assert.equal(asked, 2)
  })

  it('takes an answer that does not come for false, until it comes', async () => {
    const answer = deferred<boolean>()
    const { probe, clock, errors } = probeOf(() => answer.promise, true)
    probe.ask()
    clock.now = PROBE_LIMIT_MS - 1
    probe.ask()
    assert.equal(probe.answer, true)
    clock.now = PROBE_LIMIT_MS
    probe.ask()
    probe.ask()
    assert.deepEqual([probe.answer, errors.length], [false, 1])
    answer.resolve(true)
    await nextTurn()
    assert.equal(probe.answer, true)
  })

  it('takes an error for false, and says so once until there is an answer again', async () => {
    const failures: (() => unknown)[] = [
      () => {
        throw new Error('sync')
      },
      () => Promise.reject(new Error('async')),
      () => true,
      () => Promise.reject(new Error('again')),
    ]
    const { probe, errors } = probeOf(() => failures.shift()?.(), true)
    const seen: unknown[] = []
    for (let i = 0; i < 4; i++) {
      probe.ask()
      await nextTurn()
      seen.push([probe.answer, errors.length])
    }
    assert.deepEqual(seen, [
      [false, 1],
      [false, 1],
      [true, 1],
      [false, 2],
    ])
  })

  it('tells who waits for a true answer', async () => {
    let answer = false
    const { probe } = probeOf(() => answer)
    let isTold = false
    void probe.whenTrue().then(() => {
      isTold = true
    })
    probe.ask()
    await nextTurn()
    assert.equal(isTold, false)
    answer = true
    probe.ask()
    await nextTurn()
    assert.equal(isTold, true)
    await probe.whenTrue()
  })
})
