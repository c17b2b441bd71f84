import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { defineService, isServiceError, type ServiceClass, type ServiceClient } from '@ekiben/core'
import { InjectService, ServeModule } from '@ekiben/nest-module'
import {
  Controller,
  type DynamicModule,
  type INestApplication,
  Inject,
  Injectable,
  Post,
  type Provider,
  Scope,
  type Type,
  Version,
  VersioningType,
} from '@nestjs/common'
import { REQUEST } from '@nestjs/core'
import { moduleOf, PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

const Counter = defineService(
  class Counter {
    #count = 0
    next() {
      this.#count++
      return { count: this.#count }
    }
  },
  { name: 'Counter', apis: { next: {} } },
)

class OwnController {
  readonly #counter: ServiceClient<typeof Counter>
  constructor(counter: ServiceClient<typeof Counter>) {
    this.#counter = counter
  }
  async run() {
    return { own: await this.#counter.next() }
  }
}
Controller('own')(OwnController)
InjectService(Counter)(OwnController, undefined, 0)
Post()(OwnController.prototype, 'run', Object.getOwnPropertyDescriptor(OwnController.prototype, 'run') as never)

/** As an app's own configuration gives it. */
class ServeConfig {
  readonly #prefix: string
  constructor(prefix: string) {
    this.#prefix = prefix
  }
  createServeOptions() {
    return { prefix: this.#prefix, log: silentLog }
  }
}
Injectable()(ServeConfig)
Inject('PREFIX')(ServeConfig, undefined, 0)

const Prefixed = moduleOf({ providers: [{ provide: 'PREFIX', useValue: 'late' }], exports: ['PREFIX'] })
const Configured = moduleOf({ imports: [Prefixed], providers: [ServeConfig], exports: [ServeConfig] })

const ASYNC: Readonly<Record<string, DynamicModule>> = {
  useClass: ServeModule.forRootAsync({ services: [Counter], imports: [Prefixed], useClass: ServeConfig }),
  useExisting: ServeModule.forRootAsync({ services: [Counter], imports: [Configured], useExisting: ServeConfig }),
}

class Who {
  readonly request: unknown
  constructor(request: unknown) {
    this.request = request
  }
}
Injectable({ scope: Scope.REQUEST })(Who)
Inject(REQUEST)(Who, undefined, 0)

/** Of request scope by what it takes. */
class Deep extends Who {}
Injectable()(Deep)
Inject(Who)(Deep, undefined, 0)

/** Made for each that takes it, which is no matter of requests. */
class Each {}
Injectable({ scope: Scope.TRANSIENT })(Each)

/** A service whose constructor takes what is provided as `token`. */
function taking(token: unknown): ServiceClass {
  class Taking {
    readonly given: unknown
    constructor(given: unknown) {
      this.given = given
    }
    run() {
      return typeof this.given
    }
  }
  Inject(token as never)(Taking, undefined, 0)
  return defineService(Taking, { name: 'Taking', apis: { run: {} } } as never)
}

class Plain {
  run() {
    return 'ran'
  }
}

function withProperty(token: Type): ServiceClass {
  class Taking extends Plain {}
  Inject(token)(Taking.prototype, 'given')
  return defineService(Taking, { name: 'Taking', apis: { run: {} } })
}

function ofRequest(): ServiceClass {
  class Taking extends Plain {}
  Injectable({ scope: Scope.REQUEST })(Taking)
  return defineService(Taking, { name: 'Taking', apis: { run: {} } })
}

/** As an app may write it, of what either platform gives. */
const versionOfHeader = (request: unknown): string =>
  String((request as IncomingMessage).headers['x-asked'] ?? '').slice(1)

for (const [platform, makeAdapter] of Object.entries(PLATFORMS)) {
  describe(`ServeModule on ${platform}`, () => {
    for (const [way, module] of Object.entries(ASYNC)) {
      it(`takes its options from a class, by ${way}`, async () => {
        await using app = await startNest(makeAdapter(), { imports: [module] })
        assert.deepEqual(await (await app.post('/late/next')).json(), { count: 1 })
      })
    }

    it('takes the options of a mount from a factory, and refuses their values as where they are given', async () => {
      const input = { type: 'object', required: ['n'] }
      const Picker = defineService(class Picker extends Plain {}, {
        name: 'Picker',
        apis: { run: { input, route: '/pick' } },
      })
      const module = (made: object) =>
        ServeModule.forRootAsync({ services: [Picker], useFactory: async () => ({ log: silentLog, ...made }) })
      await using app = await startNest(makeAdapter(), { imports: [module({ system: 'all', errors: 'ekiben' })] })
      for (const path of ['/livez', '/docs.json']) assert.equal((await fetch(`${app.url}${path}`)).status, 200, path)
      const { error } = (await (await app.post('/pick', {})).json()) as { error?: string }
      assert.equal(error, 'The input is not valid: n: is required')
      await assert.rejects(startNest(makeAdapter(), { imports: [module({ dependencies: 'pool' })] }), {
        code: 'EKB_ERR_CONFIG_INVALID',
        message: /dependencies/,
      })
    })

    it('gives clients of a feature where nothing is mounted, and stops their services with the app', async () => {
      const stopped: string[] = []
      class Stopping extends Counter {
        onStop() {
          stopped.push('Stopping')
        }
      }
      const Service = defineService(Stopping, { name: 'Counter', apis: { next: {} } })
      InjectService(Service)(OwnController, undefined, 0)
      const imports = [ServeModule.forFeature([Service])]
      const app = await startNest(makeAdapter(), { imports, controllers: [OwnController] })
      InjectService(Counter)(OwnController, undefined, 0)
      assert.deepEqual(await (await app.post('/own')).json(), { own: { count: 1 } })
      assert.deepEqual(await (await app.post('/own')).json(), { own: { count: 2 } })
      await app.app.close()
      assert.deepEqual(stopped, ['Stopping'])
    })

    const VERSIONS = {
      header: {
        set: (nest: INestApplication) =>
          void nest.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
        asking: (version: string) => ({ 'x-version': version }),
      },
      'media type': {
        set: (nest: INestApplication) => void nest.enableVersioning({ type: VersioningType.MEDIA_TYPE, key: 'v=' }),
        asking: (version: string) => ({ accept: `application/json;v=${version}` }),
      },
      "a function of the app's": {
        set: (nest: INestApplication) =>
          void nest.enableVersioning({ type: VersioningType.CUSTOM, extractor: versionOfHeader }),
        asking: (version: string) => ({ 'x-asked': `v${version}` }),
      },
    }
    for (const [what, { set, asking }] of Object.entries(VERSIONS)) {
      it(`tells versions apart by ${what}`, async () => {
        const versioned = (version: string) => {
          const Service = defineService(
            class Versioned {
              which() {
                return { version }
              }
              second() {
                return { second: version }
              }
            },
            { name: 'Versioned', apis: { which: {}, second: {} } },
          )
          Controller({ version })(Service)
          return Service
        }
        const first = versioned('1')
        const own = Object.getOwnPropertyDescriptor(first.prototype, 'second') as PropertyDescriptor
        Version('3')(first.prototype, 'second', own)
        const imports = [first, versioned('2')].map((each) => ServeModule.forRoot({ services: [each], log: silentLog }))
        await using app = await startNest(makeAdapter(), { imports }, { set })
        for (const version of ['1', '2']) {
          assert.deepEqual(await (await app.post('/which', {}, asking(version))).json(), { version })
        }
        assert.deepEqual(await (await app.post('/second', {}, asking('3'))).json(), { second: '1' })
        assert.equal((await app.post('/which', {}, asking('3'))).status, 404)
        assert.equal((await app.post('/second', {}, asking('1'))).status, 404)
      })
    }

    it('refuses a service that would be made for each request, at the start', async () => {
      const start = async (service: ServiceClass, more: readonly ServiceClass[] = []) => {
        const imports = [ServeModule.forRoot({ services: [service], log: silentLog })]
        await using _ = await startNest(makeAdapter(), { imports, providers: [Who, Deep, Each, ...more] as Provider[] })
      }
      const cases: readonly [service: ServiceClass, says: RegExp][] = [
        [taking(Who), /'Taking' is made once for all requests, and gets 'Who'/],
        [taking(Deep), /'Taking' .* gets 'Deep'/],
        [taking(REQUEST), /'Taking' .* gets 'REQUEST'/],
        [taking({ forwardRef: () => Who }), /'Taking' .* gets 'Who'/],
        [withProperty(Who), /'Taking' .* gets 'Who'/],
        [ofRequest(), /'Taking' is of request scope/],
      ]
      for (const [service, says] of cases) {
        await assert.rejects(start(service), (error) => {
          assert.ok(isServiceError(error, 'EKB_ERR_NEST_SCOPE'), String(error))
          assert.match(error.message, says)
          assert.match(error.hint ?? '', /ctx\.headers.*ModuleRef/)
          return true
        })
      }
      const provided = taking(Who)
      await assert.rejects(start(provided, [provided]), { code: 'EKB_ERR_NEST_SCOPE' })
      await start(taking(Each))
    })
  })
}
