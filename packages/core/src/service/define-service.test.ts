import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import vm from 'node:vm'
import { depends } from '../decorators/depends.js'
import { isServiceError } from '../errors/service-error.js'
import { defineService } from './define-service.js'
import { definitionOf, registeredServices } from './registry.js'
import type { ServiceClass, ServiceDefinition } from './service-definition.js'

const definition = (value: unknown): ServiceDefinition => {
  const found = definitionOf(value)
  assert.ok(found, 'it is a service')
  return found
}

const schema = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
}

/** As JavaScript would: the types refuse most of what is tried here. */
const define = defineService as unknown as (userClass: unknown, options?: unknown) => ServiceClass

describe('the definition', () => {
  test('has defaults for what is not given', () => {
    class Plain {}
    const service = defineService(Plain)
    const { target, userClass, module, apis, dependencies, ...rest } = definition(service)
    assert.deepEqual(rest, { name: 'Plain', settings: {}, moduleGiven: false, create: undefined, mount: {} })
    assert.equal(target, service)
    assert.equal(userClass, Plain)
    assert.match(module ?? '', /define-service\.test\.ts$/)
    assert.deepEqual([Object.keys(apis), Object.keys(dependencies)], [[], []])
  })

  test('has the apis, defaults applied, in their order', () => {
    const service = define(
      class Texts {
        classify() {}
        async *stream() {}
        *items() {}
        secret() {}
      },
      {
        apis: {
          classify: { input: schema, route: '/v1/classify', idempotent: true, bodyLimit: '1M', mediaType: 'text/csv' },
          stream: {},
          items: { description: 'all' },
        },
      },
    )
    assert.deepEqual(
      { ...definition(service).apis },
      {
        classify: {
          name: 'classify',
          route: '/v1/classify',
          input: schema,
          output: undefined,
          idempotent: true,
          stream: false,
          mediaType: 'text/csv',
          bodyLimitBytes: 1024 ** 2,
          description: undefined,
          deprecated: false,
        },
        stream: { ...plainApi('stream'), stream: true },
        items: { ...plainApi('items'), stream: true, description: 'all' },
      },
    )
  })

  test('has no apis by names of Object', () => {
    const service = define(class Plain {})
    assert.equal(definition(service).apis.constructor, undefined)
    assert.equal(definition(service).apis.toString, undefined)
  })

  test('has the dependencies as they were written', () => {
    class Other {}
    const other = defineService(Other)
    const lazy = () => other
    const remote = { url: 'http://other:3000' }
    const service = define(class Caller {}, {
      dependencies: { other, lazy, remote, maybe: depends(other, { optional: true }), broken: undefined },
    })
    assert.deepEqual(
      { ...definition(service).dependencies },
      {
        other: { target: other, optional: false },
        lazy: { target: lazy, optional: false },
        remote: { target: remote, optional: false },
        maybe: { target: other, optional: true },
        broken: { target: undefined, optional: false },
      },
    )
  })

  test('cannot be changed', () => {
    const found = definition(
      define(
        class Frozen {
          run() {}
        },
        { apis: { run: {} } },
      ),
    )
    for (const part of [found, found.apis, found.apis.run, found.dependencies, found.settings]) {
      assert.ok(Object.isFrozen(part))
    }
  })

  test('is registered', () => {
    const service = define(class Registered {})
    assert.ok(registeredServices().includes(definition(service)))
  })

  test('is found from the class as written, not from a subclass', () => {
    class Base {}
    const service = define(Base)
    assert.equal(definitionOf(Base), definitionOf(service))
    class Sub extends (service as typeof Base) {}
    assert.equal(definitionOf(Sub), undefined)
    for (const value of [undefined, null, {}, 'Base', () => service, class {}])
      assert.equal(definitionOf(value), undefined)
  })

  test('of a declared subclass has what the base declares', () => {
    class Other {}
    const other = defineService(Other)
    const base = define(
      class Base {
        run() {}
      },
      { workers: 4, apis: { run: { route: '/base' } }, dependencies: { other } },
    )
    const sub = define(
      class Sub extends (base as new () => object) {
        more() {}
      },
      { apis: { more: {}, run: { route: '/sub' } } },
    )
    const found = definition(sub)
    assert.deepEqual(Object.keys(found.apis), ['run', 'more'])
    assert.equal(found.apis.run?.route, '/sub')
    assert.equal(found.dependencies.other?.target, other)
    assert.deepEqual(found.settings, {})
    assert.equal(definition(base).apis.run?.route, '/base')
    assert.deepEqual(Object.keys(definition(base).apis), ['run'])
  })
})

describe('the module', () => {
  const file = '/somewhere/service.js'
  const source = 'exports.made = define(class Made {}, options)'
  const run = (filename: string | undefined, options: object = {}) => {
    const exports: { made?: unknown } = {}
    const parameters = ['exports', 'define', 'options']
    const compiled = vm.compileFunction(source, parameters, filename === undefined ? {} : { filename })
    compiled(exports, define, options)
    return definition(exports.made)
  }

  test('is the file that called', () => {
    assert.equal(run(file).module, file)
    assert.equal(run('file:///somewhere/service.mjs').module, 'file:///somewhere/service.mjs')
    assert.equal(run('C:\\services\\service.js').module, 'C:\\services\\service.js')
  })

  test('is without the query that a loader added', () => {
    assert.equal(run('file:///somewhere/service.ts?namespace=17').module, 'file:///somewhere/service.ts')
  })

  test('is undefined for what has no file', () => {
    assert.equal(run('[eval]').module, undefined)
    assert.equal(run(undefined).module, undefined)
    assert.equal(run('node:internal/repl').module, undefined)
  })

  test('is the option, if given', () => {
    const { module, moduleGiven } = run(file, { module: 'file:///other.js' })
    assert.deepEqual([module, moduleGiven], ['file:///other.js', true])
  })

  test('is found however stacks are prepared, and leaves that alone', (t) => {
    const { prepareStackTrace, stackTraceLimit } = Error
    t.after(() => Object.assign(Error, { prepareStackTrace, stackTraceLimit }))
    const prepare = () => 'nothing to see'
    Object.assign(Error, { prepareStackTrace: prepare, stackTraceLimit: 0 })
    assert.equal(run(file).module, file)
    assert.deepEqual([Error.prepareStackTrace, Error.stackTraceLimit], [prepare, 0])
  })
})

describe('refuses', () => {
  class Good {
    run() {}
    onStart() {}
    // biome-ignore lint/suspicious/noThenProperty: it is what must be refused
    then() {}
    value = 1
  }
  const fresh = () => class Fresh extends Good {}
  const cases: [string, () => unknown, string, RegExp][] = [
    [
      'an object',
      () => define({}),
      'EKB_ERR_SERVICE_NOT_A_CLASS',
      /defineService\(\) was given an object, not a class/,
    ],
    ['an arrow function', () => define(() => {}), 'EKB_ERR_SERVICE_NOT_A_CLASS', /was given a function/],
    ['a class without a name', () => define(class {}), 'EKB_ERR_SERVICE_NAME', /no name of its own/],
    ['a bad name', () => define(fresh(), { name: 'a b' }), 'EKB_ERR_SERVICE_NAME', /'a b'/],
    [
      'options of another kind',
      () => define(fresh(), 'workers'),
      'EKB_ERR_CONFIG_INVALID',
      /'options' \(.*\) is 'workers'; expected an object/,
    ],
    ['an unknown option', () => define(fresh(), { worker: 1 }), 'EKB_ERR_CONFIG_UNKNOWN', /Unknown setting 'worker'/],
    [
      'an unknown api option',
      () => define(fresh(), { apis: { run: { rout: '/' } } }),
      'EKB_ERR_CONFIG_UNKNOWN',
      /Unknown setting 'apis.run.rout'/,
    ],
    [
      'batch',
      () => define(fresh(), { apis: { run: { batch: {} } } }),
      'EKB_ERR_NOT_IN_THIS_VERSION',
      /'apis.run.batch'/,
    ],
    [
      'an api that is no method',
      () => define(fresh(), { apis: { value: {} } }),
      'EKB_ERR_SERVICE_MEMBER',
      /Service 'Fresh': 'value' is listed as an api, but is no method/,
    ],
    [
      'a lifecycle method as an api',
      () => define(fresh(), { apis: { onStart: {} } }),
      'EKB_ERR_SERVICE_MEMBER',
      /'onStart' cannot be an api/,
    ],
    [
      'then as an api',
      // biome-ignore lint/suspicious/noThenProperty: it is what must be refused
      () => define(fresh(), { apis: { then: {} } }),
      'EKB_ERR_SERVICE_MEMBER',
      /'then' cannot be an api/,
    ],
    [
      'a name that is api and dependency',
      () => define(fresh(), { apis: { run: {} }, dependencies: { run: define(fresh(), { name: 'Other' }) } }),
      'EKB_ERR_SERVICE_MEMBER',
      /'run' is both an api and a dependency/,
    ],
    [
      'a bad remote',
      () => define(fresh(), { dependencies: { far: { url: 'far' } } }),
      'EKB_ERR_CONFIG_INVALID',
      /'dependencies.far.url' \(.*\) is 'far'; expected an http or https URL/,
    ],
  ]
  for (const [what, act, code, message] of cases) {
    test(what, () => {
      assert.throws(act, (error) => isServiceError(error, code) && message.test(error.message))
    })
  }

  test('two apis on one route', () => {
    const act = () =>
      define(
        class Two {
          a() {}
          b() {}
        },
        { apis: { a: { route: '/x' }, b: { route: '/x' } } },
      )
    assert.throws(act, {
      code: 'EKB_ERR_PLAN_ROUTE_CLASH',
      message: "Service 'Two': apis 'a' and 'b' share the route /x",
    })
  })

  test('a class that is a service already', () => {
    class Once {}
    const service = define(Once)
    for (const again of [Once, service]) {
      assert.throws(() => define(again, { name: 'Twice' }), { code: 'EKB_ERR_SERVICE_DECLARED_TWICE' })
    }
  })
})

test('warns of a name that a minifier may have made', async () => {
  const warned = once(process, 'warning')
  define(class t {})
  const [warning] = (await warned) as [Error & { code: string }]
  assert.equal(warning.code, 'EKB_WRN_SERVICE_NAME_SHORT')
  assert.match(warning.message, /Service 't' .* give the option name .* --keep-names/)
})

function plainApi(name: string) {
  return {
    name,
    route: `/${name}`,
    input: undefined,
    output: undefined,
    idempotent: false,
    stream: false,
    mediaType: undefined,
    bodyLimitBytes: undefined,
    description: undefined,
    deprecated: false,
  }
}
