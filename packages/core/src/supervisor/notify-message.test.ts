import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { enqueue, type Notice, noticeLines } from './notify-message.js'

describe('a message', () => {
  const cases: readonly (readonly [notice: Notice, lines: readonly string[]])[] = [
    [{ type: 'ready', mainPid: undefined }, ['READY=1']],
    [{ type: 'ready', mainPid: 41 }, ['READY=1', 'MAINPID=41']],
    [{ type: 'reloading', monotonicUsec: 12_345n }, ['RELOADING=1', 'MONOTONIC_USEC=12345']],
    [{ type: 'stopping', withinMs: 25_000 }, ['STOPPING=1', 'EXTEND_TIMEOUT_USEC=25000000']],
    [{ type: 'status', text: 'A 2/2' }, ['STATUS=A 2/2']],
    [{ type: 'alive' }, ['WATCHDOG=1']],
  ]
  for (const [notice, lines] of cases) {
    test(`of ${notice.type} is ${lines.join(' ')}`, () => assert.deepEqual(noticeLines(notice), lines))
  }

  test('has no second line that a text could smuggle in', () => {
    assert.deepEqual(noticeLines({ type: 'status', text: 'failed:\nREADY=1\r\n\0x ' }), ['STATUS=failed: READY=1 x'])
    assert.equal(noticeLines({ type: 'status', text: 'x'.repeat(9_000) })[0]?.length, 1_007)
  })
})

describe('the queue', () => {
  test('keeps what happened in order', () => {
    const reloading = { type: 'reloading', monotonicUsec: 1n } as const
    const ready = { type: 'ready', mainPid: undefined } as const
    assert.deepEqual(enqueue(enqueue([], reloading), ready), [reloading, ready])
    assert.deepEqual(enqueue([ready, reloading], ready), [ready, reloading, ready])
  })

  test('keeps only the last text and the last sign of life', () => {
    const text = (text: string) => ({ type: 'status', text }) as const
    const queue = [text('a'), { type: 'alive' }] as const
    assert.deepEqual(enqueue(queue, text('b')), [{ type: 'alive' }, text('b')])
    assert.deepEqual(enqueue(queue, { type: 'alive' }), [text('a'), { type: 'alive' }])
  })
})
