import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CallContext, defineService, type ServiceClient } from '@ekiben/core'
import { fromModule, getServiceToken, InjectService, ServeModule } from '@ekiben/nest-module'
import { Controller, Get, type INestApplicationContext, Inject, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import { moduleOf, PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

/** What happened, in its order. */
const happened: string[] = []

class Fonts {
  names(): string[] {
    return ['serif']
  }
  onModuleInit(): void {
    happened.push('fonts initialised')
  }
  onModuleDestroy(): void {
    happened.push('fonts destroyed')
  }
}

const Counter = defineService(
  class Counter {
    #count = 0
    onStart() {
      happened.push('counter started')
    }
    onStop() {
      happened.push('counter stopped')
    }
    next() {
      this.#count++
      return { count: this.#count }
    }
  },
  { name: 'Counter', apis: { next: {} } },
)

class Printer {
  declare counter: { next(): Promise<{ count: number }> }
  readonly #fonts: Fonts
  constructor(fonts: Fonts) {
    this.#fonts = fonts
  }
  onStart() {
    happened.push('printer started')
  }
  onStop() {
    happened.push('printer stopped')
  }
  async print() {
    return { fonts: this.#fonts.names(), ...(await this.counter.next()) }
  }
  async *pages(_input: unknown, { draining }: CallContext) {
    yield { page: 1 }
    await new Promise((resolve) => draining.addEventListener('abort', resolve))
    yield { page: 2 }
  }
}
Inject(Fonts)(Printer, undefined, 0)
const PrinterService = defineService(Printer, {
  name: 'Printer',
  dependencies: { counter: Counter },
  apis: { print: {}, pages: {} },
  create: fromModule(() => moduleOf({ providers: [Fonts] })),
})

/** An ordinary controller that calls a service. */
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

const log = silentLog
const text = async (response: Response): Promise<string> => response.text()

for (const [platform, makeAdapter] of Object.entries(PLATFORMS)) {
  describe(`services and providers in Nest on ${platform}`, () => {
    it('makes a mounted service with providers of the module that mounts it', async () => {
      await using app = await startNest(makeAdapter(), {
        imports: [ServeModule.forRoot({ services: [PrinterService], log })],
        providers: [Fonts],
      })
      assert.equal(await text(await app.post('/print')), '{"fonts":["serif"],"count":1}')
    })

    it('takes the instance that a module provides', async () => {
      const Pdf = moduleOf({ providers: [Fonts, PrinterService] })
      await using app = await startNest(makeAdapter(), {
        imports: [Pdf, ServeModule.forRoot({ services: [PrinterService], log })],
      })
      assert.equal(await text(await app.post('/print')), '{"fonts":["serif"],"count":1}')
      assert.ok(app.app.get(PrinterService, { strict: false }) instanceof Printer)
    })

    it('starts services before the app listens, and stops them when it has answered, dependents first', async () => {
      happened.length = 0
      const app = await startNest(makeAdapter(), {
        imports: [ServeModule.forRoot({ services: [PrinterService], system: 'probes', log })],
        providers: [Fonts],
      })
      assert.deepEqual(happened.splice(0), ['fonts initialised', 'counter started', 'printer started'])
      const response = await app.post('/pages', {}, { accept: 'application/x-ndjson', connection: 'close' })
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      const first = await reader.read()
      assert.equal(new TextDecoder().decode(first.value), '{"page":1}\n')
      const closed = app.app.close()
      let rest = ''
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        rest += new TextDecoder().decode(part.value)
      }
      assert.equal(rest, '{"page":2}\n')
      await closed
      assert.deepEqual(happened, ['fonts destroyed', 'printer stopped', 'counter stopped'])
    })

    it('gives one service to all who ask for its client', async () => {
      const Feature = moduleOf({ imports: [ServeModule.forFeature([Counter])], controllers: [OwnController] })
      await using app = await startNest(makeAdapter(), {
        imports: [Feature, ServeModule.forRoot({ services: [PrinterService], log })],
        providers: [Fonts],
      })
      assert.equal(await text(await app.post('/own')), '{"own":{"count":1}}')
      assert.equal(await text(await app.post('/print')), '{"fonts":["serif"],"count":2}')
    })

    it('gives the client of a mounted service to controllers anywhere', async () => {
      const Feature = moduleOf({ controllers: [OwnController] })
      await using app = await startNest(makeAdapter(), {
        imports: [Feature, ServeModule.forRoot({ services: [Counter], prefix: 'ml', log })],
      })
      assert.equal(await text(await app.post('/ml/next')), '{"count":1}')
      assert.equal(await text(await app.post('/own')), '{"own":{"count":2}}')
    })

    it('keeps clients to the module that imports it, when it is not to be global', async () => {
      const Feature = moduleOf({
        imports: [ServeModule.forRoot({ services: [Counter], isGlobal: false, log })],
        controllers: [OwnController],
      })
      await using app = await startNest(makeAdapter(), { imports: [Feature] })
      assert.equal(await text(await app.post('/own')), '{"own":{"count":1}}')
      await assert.rejects(startNest(makeAdapter(), { imports: [Feature], controllers: [OwnController] }), {
        message: /ServiceClient\(Counter\)/,
      })
    })

    it('takes its prefix from a factory', async () => {
      const Config = moduleOf({ providers: [{ provide: 'PREFIX', useValue: 'late' }], exports: ['PREFIX'] })
      await using app = await startNest(makeAdapter(), {
        imports: [
          ServeModule.forRootAsync({
            services: [Counter],
            imports: [Config],
            inject: ['PREFIX'],
            useFactory: (prefix: string) => ({ prefix, log }),
          }),
        ],
      })
      assert.equal(await text(await app.post('/late/next')), '{"count":1}')
    })

    it('never replaces a probe of the app', async () => {
      class Own {
        live() {
          return 'mine'
        }
      }
      Controller()(Own)
      Get('livez')(Own.prototype, 'live', Object.getOwnPropertyDescriptor(Own.prototype, 'live') as never)
      await using app = await startNest(makeAdapter(), {
        imports: [ServeModule.forRoot({ services: [Counter], system: 'probes', log })],
        controllers: [Own],
      })
      assert.equal(await text(await fetch(`${app.url}/livez`)), 'mine')
      assert.equal((await fetch(`${app.url}/readyz`)).status, 200)
    })

    it('is asked for its probes where the app answers all else by a pattern', async () => {
      class Pages {
        page() {
          return 'page'
        }
      }
      Controller()(Pages)
      Get(platform.endsWith('Fastify') ? '*' : '*rest')(
        Pages.prototype,
        'page',
        Object.getOwnPropertyDescriptor(Pages.prototype, 'page') as never,
      )
      await using app = await startNest(makeAdapter(), {
        imports: [ServeModule.forRoot({ services: [Counter], system: 'probes', log })],
        controllers: [Pages],
      })
      assert.equal(await text(await fetch(`${app.url}/elsewhere`)), 'page')
      for (const path of ['/livez', '/readyz', '/healthz']) {
        assert.equal(await text(await fetch(app.url + path)), '\n', path)
      }
    })

    it('leaves nothing in the process for each of its definitions', () => {
      const listening = () => (slots().get('process-drain') as Set<unknown> | undefined)?.size ?? 0
      const before = listening()
      ServeModule.forRoot({ services: [Counter], log })
      ServeModule.forFeature([Counter])
      assert.equal(listening(), before)
    })
  })
}

function slots(): Map<string, unknown> {
  return Reflect.get(globalThis, Symbol.for('ekiben.v1')).slots
}

describe('services in tests of Nest apps', () => {
  it('lets a test put something in place of a client, and starts nothing for it', async () => {
    happened.length = 0
    const Root = moduleOf({ imports: [ServeModule.forRoot({ uses: [Counter], log })], controllers: [OwnController] })
    const module = await Test.createTestingModule({ imports: [Root] })
      .overrideProvider(getServiceToken(Counter))
      .useValue({ next: async () => ({ count: 99 }) })
      .compile()
    await module.init()
    assert.deepEqual(await module.get(OwnController).run(), { own: { count: 99 } })
    await module.close()
    assert.deepEqual(happened, [])
  })

  for (const [platform, makeAdapter] of Object.entries(PLATFORMS)) {
    it(`calls services without a port, in one app after the other, on ${platform}`, async () => {
      const Root = moduleOf({
        imports: [ServeModule.forRoot({ services: [Counter], log })],
        controllers: [OwnController],
      })
      for (const _ of [1, 2]) {
        const module = await Test.createTestingModule({ imports: [Root] }).compile()
        const app = await module.createNestApplication(makeAdapter(), { logger: false }).init()
        assert.deepEqual(await module.get(OwnController).run(), { own: { count: 1 } })
        await app.close()
      }
    })
  }
})

describe('services without HTTP', () => {
  const open = (metadata: object): Promise<INestApplicationContext> =>
    NestFactory.createApplicationContext(moduleOf(metadata), { logger: false, abortOnError: false })

  it('gives clients in an application context', async () => {
    happened.length = 0
    const context = await open({ imports: [ServeModule.forRoot({ uses: [Counter], log })] })
    const counter: ServiceClient<typeof Counter> = context.get(getServiceToken(Counter))
    assert.deepEqual(await counter.next(), { count: 1 })
    await context.close()
    assert.deepEqual(happened, ['counter started', 'counter stopped'])
  })

  it('says so where a service is to be mounted', async () => {
    await assert.rejects(open({ imports: [ServeModule.forRoot({ services: [Counter], log })] }), {
      code: 'EKB_ERR_NEST_NO_HTTP_ADAPTER',
      message: /Counter is to be mounted in a Nest app that serves no HTTP/,
    })
  })

  it('makes a service with an application context of its own, which closes with it', async () => {
    happened.length = 0
    const context = await open({ imports: [ServeModule.forRoot({ uses: [PrinterService], log })] })
    const printer: ServiceClient<typeof PrinterService> = context.get(getServiceToken(PrinterService))
    assert.deepEqual(await printer.print(), { fonts: ['serif'], count: 1 })
    await context.close()
    assert.deepEqual(happened, [
      'counter started',
      'fonts initialised',
      'printer started',
      'printer stopped',
      'fonts destroyed',
      'counter stopped',
    ])
  })
})
