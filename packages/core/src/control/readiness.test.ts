import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServePlan } from '../plan/serve-plan.js'
import type { InstanceStatus } from '../supervisor/instance-status.js'
import { isInstanceReady } from './readiness.js'

/** Front needs Back; Back can do without Extra. */
const plan = {
  entry: 'Front',
  services: [
    { name: 'Extra', dependencies: [] },
    { name: 'Back', dependencies: [{ property: 'extra', service: 'Extra', optional: true }] },
    { name: 'Front', dependencies: [{ property: 'back', service: 'Back', optional: false }] },
  ],
} as unknown as ServePlan

/** The states of the workers of each service. */
const status = (state: string, workers: Readonly<Record<string, readonly string[]>>) =>
  ({
    state,
    services: Object.entries(workers).map(([name, states]) => ({
      name,
      workers: states.map((each) => ({ state: each })),
    })),
  }) as unknown as InstanceStatus

const CASES: readonly (readonly [what: string, ready: boolean, state: string, workers: Record<string, string[]>])[] = [
  ['all are ready', true, 'running', { Extra: ['ready'], Back: ['ready'], Front: ['ready'] }],
  ['one of two is ready', true, 'running', { Back: ['booting', 'ready'], Front: ['draining', 'ready'] }],
  ['an optional service is down', true, 'running', { Extra: ['booting'], Back: ['ready'], Front: ['ready'] }],
  ['it is being reloaded', true, 'reloading', { Back: ['ready'], Front: ['ready'] }],
  ['a rollout went wrong', true, 'mixed', { Back: ['ready'], Front: ['ready'] }],
  ['what the entry needs is down', false, 'running', { Back: ['starting'], Front: ['ready'] }],
  ['the entry is down', false, 'running', { Back: ['ready'], Front: [] }],
  ['it is stopping', false, 'draining', { Back: ['ready'], Front: ['ready'] }],
  ['it has stopped', false, 'stopped', { Back: ['ready'], Front: ['ready'] }],
]

describe('isInstanceReady', () => {
  for (const [what, ready, state, workers] of CASES) {
    it(`${ready ? 'yes' : 'no'}, when ${what}`, () =>
      assert.equal(isInstanceReady(status(state, workers), plan), ready))
  }

  it('no, before there is a plan', () => {
    assert.equal(isInstanceReady(status('starting', {}), undefined), false)
  })
})
