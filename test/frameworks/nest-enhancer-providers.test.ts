import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineService, type ServiceClass } from '@ekiben/core'
import { ServeModule } from '@ekiben/nest-module'
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common'
import { HttpAdapterHost, REQUEST } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import { map } from 'rxjs/operators'
import { moduleOf, PLATFORMS, startNest } from '../helpers/nest-app.js'

type Decorator = ClassDecorator & MethodDecorator

/** What the app's module provides, and does not export. */
class Users {
  readonly name: string = 'of the app'
  isKnown(user: unknown): boolean {
    return user === 'ada'
  }
}

class AuthGuard {
  readonly #users: Users
  constructor(users: Users) {
    this.#users = users
  }
  canActivate(context: ExecutionContext): boolean {
    return this.#users.isKnown(context.switchToHttp().getRequest().headers['x-user'])
  }
}
Injectable()(AuthGuard)
Inject(Users)(AuthGuard, undefined, 0)

class Sign {
  declare readonly users: Users
  transform(value: unknown): unknown {
    return typeof value === 'object' ? { ...value, signed: this.users.name } : value
  }
}
Injectable()(Sign)
Inject(Users)(Sign.prototype, 'users')

class Wrap {
  declare readonly users: Users
  intercept(_context: ExecutionContext, next: CallHandler): unknown {
    return next.handle().pipe(map((data) => ({ by: this.users.name, data })))
  }
}
Injectable()(Wrap)
Inject(Users)(Wrap.prototype, 'users')

class RangeFilter {
  declare readonly users: Users
  declare readonly host: HttpAdapterHost
  catch({ message }: RangeError, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.getArgByIndex(1), { by: this.users.name, range: message }, 418)
  }
}
Catch(RangeError)(RangeFilter)
Inject(Users)(RangeFilter.prototype, 'users')
Inject(HttpAdapterHost)(RangeFilter.prototype, 'host')

/** Made anew for each request, with what is too. */
class Counted {
  static made = 0
  readonly number = ++Counted.made
  declare readonly request: { readonly headers: Record<string, string> }
}
Injectable({ scope: Scope.REQUEST })(Counted)
Inject(REQUEST)(Counted.prototype, 'request')

class CountingGuard {
  declare readonly counted: Counted
  canActivate(): boolean {
    const { number, request } = this.counted
    throw new ForbiddenException(`${number} ${request.headers['x-user']}`)
  }
}
Injectable()(CountingGuard)
Inject(Counted)(CountingGuard.prototype, 'counted')

function echo(...decorators: readonly Decorator[]): ServiceClass {
  class Echo {
    run(input: { readonly fail?: boolean }): unknown {
      if (input.fail) throw new RangeError('out of range')
      return input
    }
  }
  for (const decorate of decorators) decorate(Echo)
  return defineService(Echo, { name: 'Echo', apis: { run: {} } })
}

const ALL = [AuthGuard, Sign, Wrap, RangeFilter]
const decorators = ([guard, pipe, interceptor, filter]: readonly object[]): Decorator[] => [
  UseGuards(guard as never),
  UsePipes(pipe as never),
  UseInterceptors(interceptor as never),
  UseFilters(filter as never),
]

/** On the method in place of the class. */
const onMethod =
  (decorate: Decorator): Decorator =>
  (target: object) => {
    const { prototype } = target as { prototype: object }
    decorate(prototype, 'run', Object.getOwnPropertyDescriptor(prototype, 'run') as PropertyDescriptor)
  }

const ADA = { 'x-user': 'ada' }

for (const [platform, makeAdapter] of Object.entries(PLATFORMS)) {
  describe(`what a mounted service has of guards, pipes, interceptors and filters, on ${platform}`, () => {
    const places: Readonly<Record<string, ServiceClass>> = {
      'its class': echo(...decorators(ALL)),
      'a method': echo(...decorators(ALL).map(onMethod)),
    }
    for (const [place, service] of Object.entries(places)) {
      it(`is given providers of the module that mounts it: those of ${place}`, async () => {
        await using app = await startNest(makeAdapter(), {
          imports: [ServeModule.forRoot({ services: [service] })],
          providers: [Users],
        })
        assert.equal((await app.post('/run')).status, 403)
        const answer = await app.post('/run', { a: 1 }, ADA)
        assert.deepEqual(await answer.json(), { by: 'of the app', data: { a: 1, signed: 'of the app' } })
        const failed = await app.post('/run', { fail: true }, ADA)
        assert.deepEqual([failed.status, await failed.json()], [418, { by: 'of the app', range: 'out of range' }])
      })
    }

    it('sees what its own module sees, not what others do', async () => {
      const known = { provide: Users, useValue: { name: 'of the feature', isKnown: () => true } }
      const feature = moduleOf({
        imports: [
          moduleOf({ providers: [known], exports: [Users] }),
          ServeModule.forRootAsync({ services: [echo(...decorators(ALL))], useFactory: () => ({ prefix: 'feature' }) }),
        ],
      })
      await using app = await startNest(makeAdapter(), { imports: [feature], providers: [Users] })
      const answer = await app.post('/feature/run')
      assert.deepEqual(await answer.json(), { by: 'of the feature', data: { signed: 'of the feature' } })

      const stranger = moduleOf({ imports: [ServeModule.forRoot({ services: [echo(UseGuards(AuthGuard))] })] })
      await assert.rejects(
        startNest(makeAdapter(), { imports: [stranger], providers: [Users] }),
        /can't resolve dependencies of the AuthGuard/,
      )
    })

    it('is made for each request, where it needs that', async () => {
      await using app = await startNest(makeAdapter(), {
        imports: [ServeModule.forRoot({ services: [echo(UseGuards(CountingGuard))] })],
        providers: [Counted],
      })
      const first = Counted.made + 1
      for (const [index, user] of ['ada', 'bob'].entries()) {
        const response = await app.post('/run', {}, { 'x-user': user })
        assert.equal(response.status, 403)
        assert.equal(((await response.json()) as { message: string }).message, `${first + index} ${user}`)
      }
    })

    it('may be an instance', async () => {
      const users = { name: 'by hand', isKnown: (user: unknown) => user === 'ada' } as Users
      const given = [Sign, Wrap].map((Each) => Object.assign(new Each(), { users }))
      await using app = await startNest(makeAdapter(), {
        imports: [
          ServeModule.forRoot({ services: [echo(...decorators([new AuthGuard(users), ...given, RangeFilter]))] }),
        ],
        providers: [Users],
      })
      assert.equal((await app.post('/run')).status, 403)
      const answer = await app.post('/run', {}, ADA)
      assert.deepEqual(await answer.json(), { by: 'by hand', data: { signed: 'by hand' } })
    })

    it("is overridden in the user's tests", async () => {
      const imports = [ServeModule.forRoot({ services: [echo(...decorators(ALL))] })]
      const module = await Test.createTestingModule({ imports, providers: [Users] })
        .overrideGuard(AuthGuard)
        .useValue({ canActivate: () => true })
        .overrideProvider(Users)
        .useValue({ name: 'faked' })
        .compile()
      const app = module.createNestApplication(makeAdapter())
      try {
        await app.listen(0, '127.0.0.1')
        const response = await fetch(`${await app.getUrl()}/run`, {
          method: 'POST',
          body: '{}',
          headers: { 'content-type': 'application/json' },
        })
        assert.deepEqual(await response.json(), { by: 'faked', data: { signed: 'faked' } })
      } finally {
        await app.close()
      }
    })
  })
}
