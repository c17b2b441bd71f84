import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { definitionOf, registerService } from '../service/registry.js'
import type { AnySchema, DependencyTarget, ServiceClass, ServiceDefinition } from '../service/service-definition.js'
import { buildGraph, definitionsByName } from './build-graph.js'

interface Declaration {
  readonly name?: string
  readonly userClass?: ServiceClass
  readonly create?: () => unknown
  readonly module?: string
  readonly input?: AnySchema
  readonly dependencies?: Record<string, DependencyTarget>
}

function declare(name: string, declaration: Declaration = {}): ServiceClass {
  const userClass = declaration.userClass ?? class {}
  const { dependencies = {}, input } = declaration
  registerService({
    name,
    userClass,
    target: userClass,
    apis: {
      run: {
        name: 'run',
        route: '/run',
        input,
        output: undefined,
        idempotent: false,
        stream: false,
        mediaType: undefined,
        bodyLimitBytes: undefined,
        description: undefined,
        deprecated: false,
      },
    },
    dependencies: Object.fromEntries(
      Object.entries(dependencies).map(([property, target]) => [property, { target, optional: false }]),
    ),
    settings: { workers: 2 },
    module: declaration.module ?? '/app/service.js',
    moduleGiven: false,
    mount: {},
    create: declaration.create,
  })
  return userClass
}

const graphOf = (service: ServiceClass) => buildGraph(definitionOf(service) as ServiceDefinition)

function codeAndMessage(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(isServiceError(error, code), String(error))
    assert.match(error.message, message)
    return true
  }
}

describe('buildGraph', () => {
  it('puts dependencies before their dependents, and the entry last', () => {
    const leaf = declare('Leaf')
    const left = declare('Left', { dependencies: { leaf } })
    const right = declare('Right', { dependencies: { leaf } })
    const graph = graphOf(declare('Root', { dependencies: { left, right } }))
    assert.equal(graph.entry, 'Root')
    assert.deepEqual(
      graph.nodes.map(({ name }) => name),
      ['Leaf', 'Left', 'Right', 'Root'],
    )
    assert.deepEqual(graph.nodes.at(-1)?.dependencies, [
      { property: 'left', service: 'Left', optional: false },
      { property: 'right', service: 'Right', optional: false },
    ])
  })

  it('is plain JSON', () => {
    const graph = graphOf(declare('Root', { dependencies: { leaf: declare('Leaf') } }))
    assert.deepEqual(JSON.parse(JSON.stringify(graph)), graph)
  })

  it('follows lazy targets and keeps remote ones apart', () => {
    const leaf = declare('Leaf')
    const url = 'https://ocr.example.com'
    const graph = graphOf(declare('Root', { dependencies: { leaf: () => leaf, ocr: { url } } }))
    const root = graph.nodes.at(-1)
    assert.deepEqual(root?.dependencies, [{ property: 'leaf', service: 'Leaf', optional: false }])
    assert.deepEqual(root?.remotes, [{ property: 'ocr', url, optional: false }])
  })

  it('prints the path of a cycle, without what leads to it', () => {
    const first: ServiceClass = declare('First', { dependencies: { second: () => second } })
    const second: ServiceClass = declare('Second', { dependencies: { third: () => third } })
    const third: ServiceClass = declare('Third', { dependencies: { second: () => second } })
    assert.throws(() => graphOf(first), codeAndMessage('EKB_ERR_GRAPH_CYCLE', /: Second -> Third -> Second$/))
  })

  it('finds a service that depends on itself', () => {
    const self: ServiceClass = declare('Self', { dependencies: { self: () => self } })
    assert.throws(() => graphOf(self), codeAndMessage('EKB_ERR_GRAPH_CYCLE', /Self -> Self$/))
  })

  it('refuses two services of one name, ignoring case', () => {
    const upper = declare('Model', { module: '/app/a.js' })
    const lower = declare('model', { module: '/app/b.js' })
    assert.throws(
      () => graphOf(declare('Root', { dependencies: { upper, lower } })),
      codeAndMessage('EKB_ERR_GRAPH_NAME_CLASH', /'Model' of \/app\/a\.js; 'model' of \/app\/b\.js/),
    )
  })

  const UNKNOWN: readonly (readonly [string, unknown, RegExp])[] = [
    ['undefined', undefined, /'part' is undefined/],
    ['a plain class', class Plain {}, /the class Plain without @service/],
    ['a lazy undefined', () => undefined, /a function that returned undefined/],
    [
      'a lazy throw',
      () => {
        throw new ReferenceError('not yet')
      },
      /a function that threw ReferenceError: not yet/,
    ],
    ['a string', 'Model', /the string 'Model'/],
    ['an instance', new Map(), /an instance of Map/],
  ]
  for (const [title, target, message] of UNKNOWN) {
    it(`refuses ${title} as a dependency`, () => {
      const root = declare('Root', { dependencies: { part: target as DependencyTarget } })
      assert.throws(() => graphOf(root), codeAndMessage('EKB_ERR_GRAPH_DEPENDENCY_UNKNOWN', message))
    })
  }

  it('walks a graph deeper than the call stack', () => {
    let service = declare('S0')
    for (let depth = 1; depth <= 20_000; depth++) service = declare(`S${depth}`, { dependencies: { next: service } })
    assert.equal(graphOf(service).nodes.length, 20_001)
  })

  it('counts constructor parameters that nobody can fill', () => {
    class Base {
      readonly model: string
      constructor(model: string) {
        this.model = model
      }
    }
    class Inherits extends Base {}
    class Fills extends Base {
      constructor() {
        super('small')
      }
    }
    const parametersOf = (declaration: Declaration) =>
      graphOf(declare('Root', declaration)).nodes[0]?.constructorParameters
    assert.equal(parametersOf({ userClass: Base }), 1)
    assert.equal(parametersOf({ userClass: Inherits }), 1)
    assert.equal(parametersOf({ userClass: Fills }), 0)
    assert.equal(parametersOf({ userClass: class extends Base {}, create: () => new Base('big') }), 0)
  })

  it('hashes what callers see, whatever the order of keys', () => {
    const hashOf = (input?: AnySchema) => graphOf(declare('Root', input && { input })).nodes[0]?.schemaHash
    const plain = hashOf()
    assert.match(String(plain), /^[\da-f]{16}$/)
    assert.equal(hashOf(), plain)
    assert.notEqual(hashOf({ type: 'object' }), plain)
    assert.equal(hashOf({ type: 'object', title: 'a' }), hashOf({ title: 'a', type: 'object' }))
    assert.notEqual(hashOf({ type: 'object' }), hashOf({ type: 'string' }))
  })
})

describe('definitionsByName', () => {
  it('finds every service of the graph', () => {
    const leaf = declare('Leaf')
    const root = declare('Root', { dependencies: { leaf, again: () => leaf } })
    const byName = definitionsByName(definitionOf(root) as ServiceDefinition)
    assert.deepEqual([...byName.keys()], ['Leaf', 'Root'])
    assert.equal(byName.get('Leaf')?.userClass, leaf)
  })
})
