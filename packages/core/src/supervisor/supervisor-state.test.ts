import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextSupervisorState, SUPERVISOR_EVENTS, SUPERVISOR_STATES, type SupervisorState } from './supervisor-state.js'

describe('supervisor state', () => {
  it('reaches every state from starting', () => {
    const reached = new Set<SupervisorState>(['starting'])
    for (const state of reached) {
      for (const event of SUPERVISOR_EVENTS) {
        const next = nextSupervisorState(state, event)
        if (next !== undefined) reached.add(next)
      }
    }
    assert.deepEqual([...reached].sort(), [...SUPERVISOR_STATES].sort())
  })

  it('begins a stop once', () => {
    assert.equal(nextSupervisorState('running', 'stop'), 'draining')
    assert.equal(nextSupervisorState('draining', 'stop'), undefined)
    assert.equal(nextSupervisorState('draining', 'failed'), undefined)
  })

  it('has no way out of stopped', () => {
    for (const event of SUPERVISOR_EVENTS) assert.equal(nextSupervisorState('stopped', event), undefined)
  })
})
