import assert from 'node:assert/strict'
import { it } from 'node:test'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { hostGraph, joinHostGraphs } from './host-graph.js'
import type { ServiceGraph } from './service-graph.js'

const Back = defineService(class Back {}, {})
const Front = defineService(class Front {}, { dependencies: { back: Back } })
const Other = defineService(class Other {}, {})

const graphOf = (...services: unknown[]) =>
  hostGraph(
    'shop',
    services.map((service) => definitionOf(service) as ServiceDefinition),
  )
const names = ({ nodes }: ServiceGraph) => nodes.map(({ name }) => name)
const called = ({ nodes }: ServiceGraph) => nodes.at(-1)?.dependencies.map(({ service }) => service)

it('puts the app over what it calls, dependencies first', () => {
  const graph = graphOf(Front)
  assert.equal(graph.entry, 'shop')
  assert.deepEqual(names(graph), ['Back', 'Front', 'shop'])
  assert.deepEqual(called(graph), ['Front'])
})

it('refuses a service that is named as the app is', () => {
  const Shop = defineService(class {}, { name: 'shop' })
  assert.throws(() => graphOf(Shop), { code: 'EKB_ERR_GRAPH_NAME_CLASH' })
})

it('joins what two workers of the app call, each service once', () => {
  const joined = joinHostGraphs(graphOf(Front), graphOf(Other, Front))
  assert.deepEqual(names(joined), ['Back', 'Front', 'Other', 'shop'])
  assert.deepEqual(called(joined), ['Front', 'Other'])
  // One that is there below another may be called by the app as well.
  assert.deepEqual(called(joinHostGraphs(graphOf(Front), graphOf(Back))), ['Front', 'Back'])
})

it('leaves a graph as it is that lacks nothing', () => {
  const graph = graphOf(Front, Other)
  assert.equal(joinHostGraphs(graph, graphOf(Other)), graph)
})

it('is open as long as one of them may call more', () => {
  const open = (...services: unknown[]) => ({ ...graphOf(...services), open: true })
  assert.equal(joinHostGraphs(open(Front), open(Other)).open, true)
  const first = open(Front)
  assert.equal(joinHostGraphs(first, open(Front)), first)
  const closed = joinHostGraphs(first, graphOf(Front))
  assert.equal(closed.open, undefined)
  assert.deepEqual(names(closed), names(first))
})
