import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requiredServices, servicesNeeded } from './required-services.js'

const needs = (name: string, ...edges: string[]) => ({
  name,
  dependencies: edges.map((edge) => ({ service: edge.replace('?', ''), optional: edge.endsWith('?') })),
})

describe('requiredServices', () => {
  const services = [needs('A', 'B', 'C?'), needs('B', 'D'), needs('C', 'E'), needs('D'), needs('E')]

  it('follows required edges to the end, and optional ones not at all', () => {
    assert.deepEqual([...requiredServices(services, 'A')], ['B', 'D'])
    assert.deepEqual([...requiredServices(services, 'C')], ['E'])
    assert.deepEqual([...requiredServices(services, 'D')], [])
  })

  it('holds what is optional for one and required by another', () => {
    const diamond = [needs('A', 'B', 'D?'), needs('B', 'D'), needs('D')]
    assert.deepEqual([...requiredServices(diamond, 'A')], ['B', 'D'])
  })
})

describe('servicesNeeded', () => {
  it('holds the entry service too', () => {
    const services = [needs('A', 'B', 'C?'), needs('B'), needs('C')]
    assert.deepEqual([...servicesNeeded({ entry: 'A', services })], ['A', 'B'])
  })
})
