import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import vm from 'node:vm'
import * as core from '@ekiben/core'
import { ServeModule } from '@ekiben/nest-module'
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  type ExecutionContext,
  Inject,
  Injectable,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common'
import { APP_GUARD, HttpAdapterHost, Reflector } from '@nestjs/core'
import { transformSync } from 'esbuild'
import { map } from 'rxjs/operators'
import ts from 'typescript'
import { PLATFORMS, type RunningNest, startNest } from '../helpers/nest-app.js'

type Placed = Readonly<Record<string, core.ServiceClass>>
type Decorator = ClassDecorator & MethodDecorator

const FILE = resolve('test/fixtures/nest/placements.ts')
const base: ts.CompilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
const esbuild = (tsconfigRaw: object) => (source: string) =>
  transformSync(source, { loader: 'ts', format: 'cjs', target: 'es2022', tsconfigRaw }).code
const tsc = (compilerOptions: ts.CompilerOptions) => (source: string) =>
  ts.transpileModule(source, { compilerOptions: { ...base, ...compilerOptions } }).outputText

const COMPILERS = {
  'tsc, legacy, decorator metadata': tsc({ experimentalDecorators: true, emitDecoratorMetadata: true }),
  'tsc, legacy': tsc({ experimentalDecorators: true }),
  'tsc, standard': tsc({}),
  'esbuild, legacy': esbuild({ compilerOptions: { experimentalDecorators: true } }),
  'esbuild, standard': esbuild({}),
}

/** Where the decorator is in each of them; methods of a class that is extended keep theirs, and so do classes. */
const PLACES = ['ClassAbove', 'ClassBelow', 'MethodAbove', 'MethodBelow', 'OfBase', 'Both']

class Deny {
  canActivate(): boolean {
    return false
  }
}

/** Injected, as most guards are. */
class RolesGuard {
  readonly #reflector: Reflector
  constructor(reflector: Reflector) {
    this.#reflector = reflector
  }
  canActivate(context: ExecutionContext): boolean {
    const role = this.#reflector.getAllAndOverride<string | undefined>('role', [
      context.getHandler(),
      context.getClass(),
    ])
    const { headers } = context.switchToHttp().getRequest()
    return role === undefined || headers['x-role'] === role
  }
}
Injectable()(RolesGuard)
Inject(Reflector)(RolesGuard, undefined, 0)

class Louder {
  transform(value: unknown): unknown {
    return typeof value === 'object' ? { ...value, loud: true } : value
  }
}

class Wrap {
  intercept(_context: ExecutionContext, next: CallHandler): unknown {
    return next.handle().pipe(map((data) => ({ data })))
  }
}

class RangeFilter {
  readonly #host: HttpAdapterHost
  constructor(host: HttpAdapterHost) {
    this.#host = host
  }
  catch(error: RangeError, host: ArgumentsHost): void {
    this.#host.httpAdapter.reply(host.getArgByIndex(1), { range: error.message }, 418)
  }
}
Catch(RangeError)(RangeFilter)
Inject(HttpAdapterHost)(RangeFilter, undefined, 0)

const KINDS: Readonly<Record<string, unknown>> = {
  guards: UseGuards(Deny),
  roles: SetMetadata('role', 'admin'),
  pipes: UsePipes(Louder),
  interceptors: UseInterceptors(Wrap),
  filters: UseFilters(RangeFilter),
}

function load(compile: (source: string) => string): (decorator: Decorator) => Placed {
  const module = { exports: {} as { place(decorator: Decorator): Placed } }
  const require = (specifier: string): unknown => {
    assert.equal(specifier, '@ekiben/core')
    return core
  }
  const code = compile(readFileSync(FILE, 'utf8'))
  vm.compileFunction(code, ['module', 'exports', 'require'], { filename: FILE })(module, module.exports, require)
  return module.exports.place
}

const routeOf = (place: string): string => place.replace(/^./, (first) => first.toLowerCase())

for (const [compiler, compile] of Object.entries(COMPILERS)) {
  for (const [platform, makeAdapter] of Object.entries(PLATFORMS)) {
    describe(`${compiler}, on ${platform}`, () => {
      const place = load(compile)
      const placed = Object.entries(KINDS).map(([kind, decorator]) => ({
        kind,
        services: place(decorator as Decorator),
      }))
      let app: RunningNest
      before(async () => {
        app = await startNest(makeAdapter(), {
          imports: placed.flatMap(({ kind, services: { MethodOfBase, ...services } }) => [
            ServeModule.forRoot({ services: Object.values(services), prefix: kind }),
            ServeModule.forRoot({ services: [MethodOfBase as core.ServiceClass], prefix: `${kind}/base` }),
          ]),
          providers: [{ provide: APP_GUARD, useClass: RolesGuard }],
        })
      })
      after(() => app[Symbol.asyncDispose]())

      it('asks guards, wherever they are declared', async () => {
        for (const each of PLACES) assert.equal((await app.post(`/guards/${routeOf(each)}`)).status, 403, each)
        assert.equal((await app.post('/guards/base/methodAbove')).status, 403, 'a method that is inherited')
        assert.equal((await app.post('/guards/base/methodOfBase')).status, 200, 'another method')
      })

      it('finds metadata of class and method with the reflector', async () => {
        for (const each of PLACES) {
          const path = `/roles/${routeOf(each)}`
          assert.equal((await app.post(path)).status, 403, each)
          assert.equal((await app.post(path, {}, { 'x-role': 'admin' })).status, 200, each)
        }
      })

      it('runs the input through pipes', async () => {
        for (const each of PLACES) {
          const answer = await (await app.post(`/pipes/${routeOf(each)}`, { a: 1 })).json()
          assert.deepEqual(answer, { input: { a: 1, loud: true } }, each)
        }
      })

      it('lets interceptors change the result', async () => {
        for (const each of PLACES.filter((name) => name !== 'Both')) {
          const answer = await (await app.post(`/interceptors/${routeOf(each)}`, { a: 1 })).json()
          assert.deepEqual(answer, { data: { input: { a: 1 } } }, each)
        }
      })

      it("gives a service's errors to filters of their class", async () => {
        for (const each of PLACES) {
          const response = await app.post(`/filters/${routeOf(each)}`, { fail: true })
          assert.equal(response.status, 418, each)
          assert.deepEqual(await response.json(), { range: 'out of range' }, each)
        }
      })
    })
  }
}
