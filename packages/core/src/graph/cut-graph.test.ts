import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { declareService } from '../service/declare-service.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceClass, ServiceDefinition, ServiceOptions } from '../service/service-definition.js'
import { buildGraph } from './build-graph.js'
import type { GraphCut } from './graph-cut.js'

function declare(name: string, options: ServiceOptions = {}): ServiceClass {
  const userClass = { [name]: class {} }[name]
  return declareService({ by: 'test', userClass, className: name, options, self: 'callable', caller: undefined })
}

// Root -> Left -> Leaf, Root -> Right -> Leaf, Left -> Extra (optional)
const leaf = declare('Leaf')
const extra = declare('Extra')
const left = declare('Left', { dependencies: { leaf, extra: () => extra } })
const right = declare('Right', { dependencies: { leaf } })
const root = definitionOf(declare('Root', { dependencies: { left, right } })) as ServiceDefinition

const at = (...names: string[]): GraphCut['depends'] =>
  Object.fromEntries(names.map((name) => [name, { url: `http://u:p@${name.toLowerCase()}`, source: 'flag --depends' }]))
const cut = (given: GraphCut) => buildGraph(root, given)
const namesOf = ({ nodes }: ReturnType<typeof cut>) => nodes.map(({ name }) => name)
const refused = (given: GraphCut, code: string, message: RegExp) =>
  assert.throws(
    () => cut(given),
    (error: Error & { hint?: string }) => {
      assert.ok(isServiceError(error, code), String(error))
      assert.match(`${error.message} ${error.hint}`, message)
      return true
    },
  )

describe('a graph that is cut', () => {
  it('starts neither what runs elsewhere nor what only that needed', () => {
    const graph = cut({ depends: at('Left') })
    assert.deepEqual(namesOf(graph), ['Leaf', 'Right', 'Root'])
    assert.deepEqual(graph.elsewhere, ['Extra', 'Left'])
    assert.deepEqual(graph.nodes.at(-1)?.dependencies, [{ property: 'right', service: 'Right', optional: false }])
  })

  it('shows where it is, without user and password', () => {
    const { nodes } = cut({ depends: at('Left') })
    assert.deepEqual(nodes.at(-1)?.remotes, [
      { property: 'left', url: 'http://***@left', optional: false, service: 'Left' },
    ])
  })

  it('serves one service alone', () => {
    const graph = cut({ only: 'Left', depends: at('Leaf', 'Extra') })
    assert.deepEqual([graph.entry, namesOf(graph)], ['Left', ['Left']])
    assert.deepEqual(
      graph.nodes[0]?.remotes.map(({ property }) => property),
      ['leaf', 'extra'],
    )
  })

  it('says which flags are missing where one is served alone', () => {
    refused({ only: 'Left', depends: {} }, 'EKB_ERR_PLAN_ONLY_INCOMPLETE', /--depends Leaf=URL --depends Extra=URL/)
    refused({ only: 'Left', depends: at('Leaf') }, 'EKB_ERR_PLAN_ONLY_INCOMPLETE', /'Left'.*Extra/)
  })

  it('goes without what is optional', () => {
    const optional = declare('Optional', { dependencies: {} })
    const { dependencies } = definitionOf(declare('Whole', { dependencies: { optional } })) as ServiceDefinition
    const whole = { ...root, name: 'Whole2', dependencies: { optional: { ...dependencies.optional, optional: true } } }
    const graph = buildGraph(whole as ServiceDefinition, { only: 'Whole2', depends: {} })
    assert.deepEqual([namesOf(graph), graph.nodes[0]?.dependencies], [['Whole2'], []])
  })

  it('refuses names that are not in it, and its own entry', () => {
    refused({ only: 'Lefd', depends: {} }, 'EKB_ERR_SERVICE_UNKNOWN', /'Lefd'.*Did you mean Left/)
    refused({ depends: at('Lefd') }, 'EKB_ERR_CONFIG_UNKNOWN', /depends\.Lefd.*--depends.*Did you mean Left/)
    refused({ depends: at('Root') }, 'EKB_ERR_CONFIG_INVALID', /depends\.Root.*http:\/\/\*\*\*@root/)
    refused({ depends: at('constructor') }, 'EKB_ERR_CONFIG_UNKNOWN', /depends\.constructor/)
  })

  it('is still checked as a whole', () => {
    const first: ServiceClass = declare('First', { dependencies: { second: () => second } })
    const second: ServiceClass = declare('Second', { dependencies: { first: () => first } })
    const top = definitionOf(first) as ServiceDefinition
    assert.throws(() => buildGraph(top, { depends: at('Second') }), { code: 'EKB_ERR_GRAPH_CYCLE' })
  })
})
