import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServicePlan } from '../plan/serve-plan.js'
import { mayStart, type StartView, stopOrder } from './start-order.js'

const plan = (name: string, level: number, dependencies: ServicePlan['dependencies'] = []): ServicePlan =>
  ({ name, level, dependencies }) as unknown as ServicePlan
const needs = (service: string, optional = false): ServicePlan['dependencies'][number] => ({
  property: service.toLowerCase(),
  service,
  optional,
})
const member = { slot: 0, generation: 1, address: '/run/w', schemaHash: 'x' }

const view = (pools: StartView['pools']): StartView => ({
  pools,
  generation: 1,
  targets: [{ name: 'B', schemaHash: 'x' }] as unknown as readonly ServicePlan[],
})

describe('mayStart', () => {
  it('lets a service without dependencies start at once', () => {
    assert.equal(mayStart(plan('A', 0), view({})), true)
  })

  it('waits for one ready worker of each required dependency', () => {
    const service = plan('A', 1, [needs('B'), needs('C')])
    assert.equal(mayStart(service, view({ B: [member], C: [] })), false)
    assert.equal(mayStart(service, view({ B: [member], C: [member] })), true)
  })

  it('takes one of another generation only if it speaks the same schema', () => {
    const service = plan('A', 1, [needs('B')])
    assert.equal(mayStart(service, view({ B: [{ ...member, generation: 2 }] })), true)
    assert.equal(mayStart(service, view({ B: [{ ...member, generation: 2, schemaHash: 'y' }] })), false)
  })

  it('does not wait for an optional one', () => {
    assert.equal(mayStart(plan('A', 1, [needs('B', true)]), view({})), true)
  })
})

describe('stopOrder', () => {
  it('puts dependents before what they depend on, equals together', () => {
    const watchers = [plan('D', 0), plan('B', 1), plan('C', 1), plan('A', 2)].map((each) => ({ plan: each }))
    const order = stopOrder(watchers).map((group) => group.map((each) => each.plan.name))
    assert.deepEqual(order, [['A'], ['B', 'C'], ['D']])
  })
})
