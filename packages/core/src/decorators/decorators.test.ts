import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import vm from 'node:vm'
import { transformSync } from 'esbuild'
import ts from 'typescript'
import * as core from '../index.js'
import { bindDependencies } from '../service/bind-dependencies.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceClass, ServiceDefinition } from '../service/service-definition.js'

const FILE = resolve(__dirname, '../../../../test/fixtures/decorators/services.ts')

type Services = typeof import('../../../../test/fixtures/decorators/services.js')

const base: ts.CompilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
const legacy = { ...base, experimentalDecorators: true }
const esbuild = (tsconfigRaw: object) => (source: string) =>
  transformSync(source, { loader: 'ts', format: 'cjs', target: 'es2022', tsconfigRaw }).code
const tsc = (compilerOptions: ts.CompilerOptions) => (source: string) =>
  ts.transpileModule(source, { compilerOptions }).outputText

const COMPILERS: Record<string, (source: string) => string> = {
  'tsc, standard': tsc(base),
  'tsc, standard, target ES2020': tsc({ ...base, target: ts.ScriptTarget.ES2020 }),
  'tsc, legacy': tsc(legacy),
  'tsc, legacy, fields assigned': tsc({ ...legacy, useDefineForClassFields: false }),
  'tsc, legacy, decorator metadata': tsc({ ...legacy, emitDecoratorMetadata: true }),
  'esbuild, standard': esbuild({}),
  'esbuild, legacy': esbuild({ compilerOptions: { experimentalDecorators: true } }),
  'esbuild, legacy, fields assigned': esbuild({
    compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false },
  }),
}

const definition = (value: unknown): ServiceDefinition => {
  const found = definitionOf(value)
  assert.ok(found, 'it is a service')
  return found
}

for (const [name, compile] of Object.entries(COMPILERS)) {
  describe(name, () => checkServices(() => load(compile)))
}

describe('a compiler that gives decorators no metadata', () => {
  checkServices(() => {
    const { metadata } = Symbol as { metadata?: symbol }
    Reflect.deleteProperty(Symbol, 'metadata')
    try {
      return load(tsc(base))
    } finally {
      Object.defineProperty(Symbol, 'metadata', { value: metadata, configurable: true })
    }
  })
})

function load(compile: (source: string) => string): Services {
  const module = { exports: {} }
  const require = (specifier: string) => {
    assert.equal(specifier, '@ekiben/core')
    return core
  }
  const run = vm.compileFunction(compile(readFileSync(FILE, 'utf8')), ['module', 'exports', 'require'], {
    filename: FILE,
  })
  run(module, module.exports, require)
  return module.exports as Services
}

function checkServices(loadServices: () => Services): void {
  const services = loadServices()
  const { TextClassifier, Embedder, Later, SubClassifier, Derived, Undeclared, noted } = services

  test('declares name, options and module', () => {
    const found = definition(TextClassifier)
    assert.equal(found.name, 'TextClassifier')
    assert.equal(definition(Later).name, 'later')
    assert.deepEqual(found.settings, { workers: 2, traffic: { timeoutMs: 30_000 } })
    assert.equal(found.module, FILE)
    assert.equal(found.target, TextClassifier)
  })

  test('declares apis', () => {
    const { classify, tokens } = definition(TextClassifier).apis
    assert.deepEqual(Object.keys(definition(TextClassifier).apis), ['classify', 'tokens'])
    assert.deepEqual([classify?.route, classify?.stream], ['/v1/classify', false])
    assert.deepEqual([tokens?.route, tokens?.stream], ['/tokens', true])
    assert.equal(definition(Embedder).apis.embed?.idempotent, true)
  })

  test('declares dependencies, by class and lazily', () => {
    const { embedder, later } = definition(TextClassifier).dependencies
    assert.deepEqual(embedder, { target: Embedder, optional: false })
    assert.equal(later?.optional, true)
    assert.equal((later as { target: () => ServiceClass }).target(), Later)
  })

  test('constructs, with private fields, statics and its own name inside', async () => {
    const before = TextClassifier.made
    const instance = new TextClassifier()
    assert.equal(TextClassifier.made, before + 1)
    assert.ok(instance.isOwn() && TextClassifier.create().isOwn())
    assert.deepEqual(await instance.classify({ text: 'a' }), { label: 'a' })
    assert.deepEqual([TextClassifier.name, TextClassifier.length, TextClassifier.limit], ['TextClassifier', 0, 3])
  })

  test('takes clients over the fields it declared', () => {
    const instance = new TextClassifier()
    const client = { embed: async () => [1] }
    bindDependencies(instance, { embedder: client, later: undefined })
    assert.equal(instance.embedder, client)
    assert.equal(instance.later, undefined)
  })

  test('a subclass inherits when it is declared, and is none when it is not', async () => {
    assert.equal(definitionOf(Undeclared), undefined)
    assert.ok(new Undeclared() instanceof TextClassifier)
    const found = definition(SubClassifier)
    assert.equal(found.name, 'SubClassifier')
    assert.deepEqual(Object.keys(found.apis).sort(), ['classify', 'languages', 'tokens'])
    assert.equal(found.apis.classify?.route, '/v2/classify')
    assert.equal(definition(TextClassifier).apis.classify?.route, '/v1/classify')
    assert.deepEqual(Object.keys(found.dependencies), ['embedder', 'later'])
    assert.deepEqual(found.settings, {})
    assert.deepEqual(await new SubClassifier().classify({ text: 'a' }), { label: 'A' })
  })

  test('a base that is no service gives its members', () => {
    assert.deepEqual(Object.keys(definition(Derived).apis), ['ping'])
    assert.deepEqual(Object.keys(definition(Derived).dependencies), ['embedder'])
    assert.deepEqual(Object.keys(definition(Later).dependencies), [])
  })

  test('class decorators above and below see and are seen', () => {
    const seen: string[] = []
    for (let target: object | null = TextClassifier; target !== null; target = Object.getPrototypeOf(target)) {
      seen.push(...(noted.get(target) ?? []))
    }
    assert.deepEqual(seen, ['above', 'below'])
    assert.equal(TextClassifier.prototype.constructor, TextClassifier)
  })
}

describe('refuses', () => {
  const compileBoth = { standard: tsc(base), legacy: tsc(legacy) }
  const declare = (compile: (source: string) => string, body: string) => () => {
    const source = `const { api, depends, service } = require('@ekiben/core')\n${body}`
    vm.compileFunction(compile(source), ['exports', 'require'])({}, () => core)
  }
  for (const [flavour, compile] of Object.entries(compileBoth)) {
    const cases: [string, string, string, RegExp][] = [
      [
        'a static api',
        '@service() class Some { @api() static run() {} }',
        'EKB_ERR_SERVICE_MEMBER',
        /'run' is static, so it cannot be an api/,
      ],
      [
        'an api named by a symbol',
        '@service() class Some { @api() [Symbol.iterator]() {} }',
        'EKB_ERR_SERVICE_MEMBER',
        /is named by a symbol/,
      ],
      [
        'a lifecycle method as api',
        '@service() class Some { @api() onStart() {} }',
        'EKB_ERR_SERVICE_MEMBER',
        /Service 'Some': 'onStart' cannot be an api/,
      ],
      [
        'a static dependency',
        '@service() class Some { @depends(class {}) static other }',
        'EKB_ERR_SERVICE_MEMBER',
        /'other' is static, so it cannot be a dependency/,
      ],
      [
        'an unknown option',
        '@service({ workres: 2 }) class Some {}',
        'EKB_ERR_CONFIG_UNKNOWN',
        /Unknown setting 'workres'/,
      ],
      [
        'an unknown api option',
        '@service() class Some { @api({ inputs: {} }) run() {} }',
        'EKB_ERR_CONFIG_UNKNOWN',
        /Unknown setting 'apis.run.inputs'/,
      ],
      [
        'a decorator applied twice',
        '@service() @service() class Some {}',
        'EKB_ERR_SERVICE_DECLARED_TWICE',
        /'Some' is a service already/,
      ],
    ]
    for (const [what, body, code, message] of cases) {
      test(`${what}, ${flavour}`, () => {
        assert.throws(
          declare(compile, body),
          (error) => core.isServiceError(error, code) && message.test(error.message),
        )
      })
    }
  }

  test('an unknown option of a dependency', () => {
    class Other {}
    assert.throws(() => core.depends(Other, { optinal: true } as never), {
      code: 'EKB_ERR_CONFIG_UNKNOWN',
      message: "Unknown setting 'depends.optinal' (service 'Other')",
    })
  })

  test('something that is no class', () => {
    assert.throws(() => core.service()({} as never), { code: 'EKB_ERR_SERVICE_NOT_A_CLASS' })
  })
})
