import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { signalAction } from './signal-action.js'

const fresh = { stopsBefore: 0, sinceLastStopMs: 0, underNpm: false, hasEchoed: false, onTerminal: false }

describe('signalAction', () => {
  it('escalates with each TERM or INT', () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      assert.equal(signalAction(signal, fresh), 'stop')
      assert.equal(signalAction(signal, { ...fresh, stopsBefore: 1 }), 'quick')
      assert.equal(signalAction(signal, { ...fresh, stopsBefore: 2 }), 'kill')
      assert.equal(signalAction(signal, { ...fresh, stopsBefore: 9 }), 'kill')
    }
  })

  it('takes what npm hands on of a Ctrl-C for the one it is', () => {
    const underNpm = { ...fresh, stopsBefore: 1, underNpm: true }
    for (const [hasEchoed, limitMs] of [
      [false, 2_000],
      [true, 500],
    ] as const) {
      assert.equal(signalAction('SIGINT', { ...underNpm, hasEchoed, sinceLastStopMs: limitMs - 1 }), 'nothing')
      assert.equal(signalAction('SIGINT', { ...underNpm, hasEchoed, sinceLastStopMs: limitMs }), 'quick')
    }
    assert.equal(signalAction('SIGINT', { ...underNpm, stopsBefore: 0 }), 'stop')
  })

  it('reloads on HUP, or stops when the terminal went away', () => {
    assert.equal(signalAction('SIGHUP', fresh), 'reload')
    assert.equal(signalAction('SIGHUP', { ...fresh, onTerminal: true }), 'stop')
  })

  it('knows the rest of the table', () => {
    assert.equal(signalAction('SIGQUIT', fresh), 'quick')
    assert.equal(signalAction('SIGTTIN', fresh), 'more')
    assert.equal(signalAction('SIGTTOU', fresh), 'less')
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const)
      assert.equal(signalAction(signal, fresh), 'nothing')
  })
})
