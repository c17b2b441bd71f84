import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { defineService } from '../service/define-service.js'
import type { DependencyTarget, ServiceClass } from '../service/service-definition.js'
import { selectService } from './select-service.js'

const declare = (name: string, dependencies: Record<string, DependencyTarget> = {}): ServiceClass =>
  defineService(class {}, { name, dependencies })

const select = (namespace: Record<string, unknown>, exportName?: string) =>
  selectService({ file: '/app/service.js', namespace }, exportName).name

function refusal(code: string, message: RegExp, hint = /./) {
  return (error: unknown) => {
    assert.ok(isServiceError(error, code), String(error))
    assert.match(error.message, message)
    assert.match(error.hint ?? '', hint)
    return true
  }
}

describe('selectService by name', () => {
  const A = declare('ServiceA')
  const B = declare('ServiceB')

  it('takes the named export', () => assert.equal(select({ A, B }, 'B'), 'ServiceB'))
  it('takes the default export by its name', () => assert.equal(select({ A, default: B }, 'default'), 'ServiceB'))
  it('takes a property of module.exports', () => {
    assert.equal(select({ default: { A, B }, 'module.exports': { A, B } }, 'B'), 'ServiceB')
  })
  it('takes module.exports itself as default', () => {
    assert.equal(select({ default: A, 'module.exports': A }, 'default'), 'ServiceA')
  })
  it('takes the default of a compiled ES module', () => {
    const compiled = { __esModule: true, default: A, B }
    assert.equal(select({ ...compiled, default: compiled }, 'default'), 'ServiceA')
    assert.equal(select({ ...compiled, default: compiled }, 'B'), 'ServiceB')
  })

  it('lists the exports and near ones when there is none of that name', () => {
    assert.throws(
      () => select({ Classifier: A, Embedder: B, helper: 1 }, 'Embeder'),
      refusal(
        'EKB_ERR_IDENTIFIER_EXPORT_NOT_FOUND',
        /'Embeder'; it exports Classifier, Embedder, helper/,
        /mean Embedder\?/,
      ),
    )
  })
  it('suggests the export that holds the service of that name', () => {
    assert.throws(
      () => select({ default: A }, 'ServiceA'),
      refusal('EKB_ERR_IDENTIFIER_EXPORT_NOT_FOUND', /default/, /mean default\?/),
    )
  })
  it('says so when there is no export at all', () => {
    assert.throws(() => select({}, 'A'), refusal('EKB_ERR_IDENTIFIER_EXPORT_NOT_FOUND', /exports nothing/))
  })

  const OTHERS: readonly (readonly [string, unknown, RegExp])[] = [
    ['a plain class', class Plain {}, /the class Plain without @service/],
    ['a subclass of a service', class Sub extends (A as new () => object) {}, /the class Sub without @service/],
    ['a function', function helper() {}, /the function helper/],
    ['undefined', undefined, /is undefined, not a service/],
    ['text', 'A', /the string 'A'/],
    ['an object', { a: 1 }, /an object/],
  ]
  for (const [title, value, message] of OTHERS) {
    it(`refuses ${title}`, () => {
      assert.throws(
        () => select({ X: value }, 'X'),
        refusal('EKB_ERR_IDENTIFIER_NOT_A_SERVICE', message, /defineService/),
      )
    })
  }
})

describe('selectService without a name', () => {
  const leaf = declare('Leaf')
  const middle = declare('Middle', { leaf })
  const root = declare('Root', { middle: () => middle })

  it('takes the one service', () => assert.equal(select({ leaf, helper() {}, text: '' }), 'Leaf'))
  it('takes the one that no other there depends on', () => assert.equal(select({ leaf, middle, root }), 'Root'))
  it('sees through a service that is not exported', () => assert.equal(select({ leaf, root }), 'Root'))
  it('counts a service exported twice once', () => assert.equal(select({ default: root, root, again: root }), 'Root'))
  it('reads module.exports', () => {
    assert.equal(select({ default: { leaf, root } }), 'Root')
    assert.equal(select({ default: root, 'module.exports': root }), 'Root')
  })

  it('lists the candidates when there are several', () => {
    const other = declare('Other')
    assert.throws(
      () => select({ default: other, other, leaf, root }),
      refusal('EKB_ERR_IDENTIFIER_AMBIGUOUS', /: other, root$/, /'…:other'/),
    )
  })
  it('says so when there is none', () => {
    assert.throws(() => select({ a: 1 }), refusal('EKB_ERR_IDENTIFIER_AMBIGUOUS', /exports no service/, /@service/))
  })
  it('leaves a circle to the graph', () => {
    const first: ServiceClass = declare('First', { second: () => second })
    const second: ServiceClass = declare('Second', { first: () => first })
    assert.equal(select({ first, second }), 'First')
  })
  it('leaves an unknown dependency to the graph', () => {
    const broken = declare('Broken', { part: (() => undefined) as never })
    assert.equal(select({ broken }), 'Broken')
  })
})
