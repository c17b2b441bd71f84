import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServePlan } from '../plan/serve-plan.js'
import { RemoteStates, remoteUrls } from './remote-states.js'

const far = { property: 'far', url: 'http://far', optional: false, service: 'Far' }
const other = { property: 'other', url: 'http://other', optional: true }
const plan = {
  services: [
    { name: 'Back', remotes: [far] },
    { name: 'Front', remotes: [other, { ...far, property: 'ocr' }] },
  ],
} as unknown as ServePlan

describe('RemoteStates', () => {
  it('has a row for each dependency elsewhere, before anybody was asked', () => {
    const rows = new RemoteStates().list(plan)
    assert.deepEqual(
      rows.map(({ service, property, target, state }) => [service, property, target, state]),
      [
        ['Back', 'far', 'Far', 'unknown'],
        ['Front', 'other', null, 'unknown'],
        ['Front', 'ocr', 'Far', 'unknown'],
      ],
    )
    assert.deepEqual(new RemoteStates().list(undefined), [])
  })

  it('says since when one is how it is, and why', () => {
    const states = new RemoteStates()
    states.note('http://far', { state: 'unreachable', reason: 'refused' }, 1_000)
    states.note('http://far', { state: 'unreachable', reason: 'reset' }, 2_000)
    const [row] = states.list(plan)
    assert.deepEqual([row?.state, row?.since, row?.reason], ['unreachable', new Date(1_000).toISOString(), 'reset'])
    states.note('http://far', { state: 'ready', reason: null }, 3_000)
    const [back] = states.list(plan)
    assert.deepEqual([back?.state, back?.since, back?.reason], ['ready', new Date(3_000).toISOString(), null])
  })
})

describe('remoteUrls', () => {
  it('has each once', () => assert.deepEqual(remoteUrls(plan), ['http://far', 'http://other']))
})
