import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { healthLine, isHealthy, type ServiceHealth } from './instance-health.js'

function health(name: string, states: readonly string[], target = states.length): ServiceHealth {
  const ready = states.filter((state) => state === 'ready').length
  return {
    name,
    target,
    state: ready === 0 ? 'down' : ready < target ? 'degraded' : 'ready',
    workers: states.map((state) => ({ state })),
  }
}

describe('an instance', () => {
  const required = new Set(['Front', 'Middle', 'Back'])

  test('is well while each required service has a ready worker', () => {
    assert.equal(isHealthy([health('Front', ['ready']), health('Back', ['ready', 'booting'])], required), true)
    assert.equal(isHealthy([health('Front', ['ready']), health('Extra', ['booting'])], required), true)
  })

  test('is not when one has none', () => {
    assert.equal(isHealthy([health('Front', ['ready']), health('Back', ['booting'])], required), false)
    assert.equal(isHealthy([health('Front', ['draining'])], required), false)
  })

  test('is while one flaps that still has a ready worker', () => {
    const flapping = (...workers: string[]) => ({ ...health('Back', workers), state: 'flapping' as const })
    assert.equal(isHealthy([flapping('ready', 'waiting')], required), true)
    assert.equal(isHealthy([flapping('waiting', 'booting')], required), false)
  })
})

test('one line says what is ready of what is wanted', () => {
  const services = [health('Front', ['ready', 'ready']), health('Back', ['ready', 'booting'])]
  assert.equal(healthLine('running', services), 'running: Front 2/2, Back 1/2')
  assert.equal(healthLine('starting', []), 'starting')
})
