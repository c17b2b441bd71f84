import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../../test/helpers/seeded-random.js'
import {
  isBooting,
  transition,
  WORKER_EVENTS,
  WORKER_STATES,
  type WorkerEvent,
  type WorkerState,
  type WorkerTimer,
} from './lifecycle.js'

/** Which deadline must be armed in each state. */
const DEADLINE: Record<WorkerState, WorkerTimer | undefined> = {
  spawning: 'boot',
  booting: 'boot',
  held: undefined,
  starting: 'boot',
  standby: undefined,
  ready: undefined,
  draining: 'grace',
  killing: 'reap',
  exited: undefined,
}

describe('worker lifecycle', () => {
  it('reaches every state and uses every event', () => {
    const reached = new Set<WorkerState>(['spawning'])
    const used = new Set<WorkerEvent>()
    for (const state of WORKER_STATES) {
      for (const event of WORKER_EVENTS) {
        const next = transition(state, event)
        if (next === undefined) continue
        reached.add(next.to)
        used.add(event)
      }
    }
    assert.deepEqual([...reached].sort(), [...WORKER_STATES].sort())
    assert.deepEqual([...used].sort(), [...WORKER_EVENTS].sort())
  })

  it('hears of an exit and of a kill in every state that is not the last', () => {
    for (const state of WORKER_STATES) {
      assert.equal(transition(state, 'exit') !== undefined, state !== 'exited', `exit in ${state}`)
      const mayKill = state !== 'exited' && state !== 'killing'
      assert.equal(transition(state, 'kill') !== undefined, mayKill, `kill in ${state}`)
    }
  })

  it('has one deadline armed where it waits, kills at most once and releases once, over random walks', () => {
    const random = seededRandom(20261122)
    for (let walk = 0; walk < 5_000; walk++) {
      let state: WorkerState = 'spawning'
      const armed = new Set<WorkerTimer>(['boot'])
      let kills = 0
      let releases = 0
      for (let step = 0; step < 40 && state !== 'exited'; step++) {
        const event = WORKER_EVENTS[Math.floor(random() * WORKER_EVENTS.length)] as WorkerEvent
        if (event.startsWith('timeout:') && !armed.delete(event.slice('timeout:'.length) as WorkerTimer)) continue
        const next = transition(state, event)
        if (next === undefined) {
          assert.ok(!event.startsWith('timeout:'), `${event} fired in ${state}, which ignores it`)
          continue
        }
        for (const effect of next.effects) {
          if (effect.do === 'arm') armed.add(effect.timer)
          if (effect.do === 'disarm') assert.ok(armed.delete(effect.timer), `${effect.timer} was not armed in ${state}`)
          if (effect.do === 'kill') kills++
          if (effect.do === 'release') releases++
        }
        state = next.to
        const expected = DEADLINE[state]
        assert.deepEqual([...armed], expected === undefined ? [] : [expected], `deadlines in ${state} after ${event}`)
      }
      assert.ok(kills <= 1)
      assert.equal(releases, state === 'exited' ? 1 : 0)
    }
  })

  it('kills instead of draining what has nothing in flight yet', () => {
    for (const state of WORKER_STATES.filter(isBooting)) assert.equal(transition(state, 'drain')?.to, 'killing')
    assert.equal(transition('ready', 'drain')?.to, 'draining')
  })
})
