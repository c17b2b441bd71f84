import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readServiceManager } from './service-manager.js'

const PID = 41

describe('sockets that were passed', () => {
  test('are ours when LISTEN_PID is', () => {
    const { sockets } = readServiceManager({ LISTEN_PID: '41', LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:admin' }, PID)
    assert.deepEqual(sockets, { count: '2', names: ['http', 'admin'], forUs: true })
  })

  test('are those of another process when LISTEN_PID is', () => {
    assert.equal(readServiceManager({ LISTEN_PID: '4', LISTEN_FDS: '1' }, PID).sockets?.forUs, false)
    assert.equal(readServiceManager({ LISTEN_PID: '41x', LISTEN_FDS: '1' }, PID).sockets?.forUs, false)
  })

  test('are none without both variables', () => {
    for (const env of [{}, { LISTEN_FDS: '1' }, { LISTEN_PID: '41' }, { LISTEN_PID: '41', LISTEN_FDS: '' }]) {
      assert.equal(readServiceManager(env, PID).sockets, undefined)
    }
  })
})

describe('the watchdog', () => {
  const cases: readonly (readonly [env: Record<string, string>, expected: number | undefined])[] = [
    [{ WATCHDOG_USEC: '30000000' }, 30_000],
    [{ WATCHDOG_USEC: '500', WATCHDOG_PID: '41' }, 0.5],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, undefined],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{ WATCHDOG_USEC: 'soon' }, undefined],
    [{ WATCHDOG_USEC: '-1' }, undefined],
    [{}, undefined],
  ]
  for (const [env, expected] of cases) {
    test(`${JSON.stringify(env)} means ${expected}`, () => {
      assert.equal(readServiceManager(env, PID).watchdogMs, expected)
    })
  }
})

test('an empty NOTIFY_SOCKET is none, and who was started is told by SYSTEMD_EXEC_PID', () => {
  assert.equal(readServiceManager({ NOTIFY_SOCKET: '' }, PID).notifySocket, undefined)
  assert.equal(readServiceManager({ NOTIFY_SOCKET: '@abstract' }, PID).notifySocket, '@abstract')
  assert.equal(readServiceManager({ SYSTEMD_EXEC_PID: '41' }, PID).startedAnother, false)
  assert.equal(readServiceManager({ SYSTEMD_EXEC_PID: '40' }, PID).startedAnother, true)
  assert.equal(readServiceManager({}, PID).startedAnother, false)
})
