import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { UpgradeDrain } from './upgrade-drain.js'

const DEADLINE_MS = 20_000

/** Connections, of which one that is half-closed by the drain names itself in `ended`. */
function connections(...names: string[]) {
  const ended: string[] = []
  const connect = (name: string, isUpgraded = true) => ({ isUpgraded, socket: { end: () => ended.push(name) } })
  return { open: names.map((name) => connect(name)), connect, ended }
}

function useTimers(t: TestContext): (ms: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  return (ms) => {
    for (let at = 0; at < ms; at += 100) t.mock.timers.tick(100)
  }
}

describe('UpgradeDrain', () => {
  test('sends clients away one after the other', (t) => {
    const pass = useTimers(t)
    const { open, ended } = connections('a', 'b', 'c')
    const drain = new UpgradeDrain(open, DEADLINE_MS)
    pass(100)
    assert.deepEqual(ended, ['a'])
    pass(1_000)
    assert.deepEqual(ended, ['a', 'b'])
    pass(1_000)
    assert.deepEqual(ended, ['a', 'b', 'c'])
    drain.end()
  })

  test('is done by half of the time there is', (t) => {
    const pass = useTimers(t)
    const { open, ended } = connections('a', 'b', 'c', 'd')
    const drain = new UpgradeDrain(open, 800)
    pass(400)
    assert.deepEqual(ended, ['a', 'b', 'c', 'd'])
    drain.end()
  })

  test('waits for the last request', (t) => {
    const pass = useTimers(t)
    const { open, ended, connect } = connections('a')
    open.push(connect('plain', false))
    const drain = new UpgradeDrain(open, DEADLINE_MS)
    pass(5_000)
    assert.deepEqual(ended, [])
    open.pop()
    pass(200)
    assert.deepEqual(ended, ['a'])
    drain.end()
  })

  test('sends away who came from the backlog, when others have been sent away', (t) => {
    const pass = useTimers(t)
    const { open, ended, connect } = connections('a')
    const drain = new UpgradeDrain(open, DEADLINE_MS)
    pass(100)
    open.push(connect('late'))
    pass(200)
    assert.deepEqual(ended, ['a', 'late'])
    pass(5_000)
    assert.deepEqual(ended, ['a', 'late'])
    drain.end()
  })
})
