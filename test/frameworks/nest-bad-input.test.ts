import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineService, isServiceError, type Logger, type ServiceClient } from '@ekiben/core'
import { getServiceToken, InjectService, ServeModule } from '@ekiben/nest-module'
import multipart from '@fastify/multipart'
import { Body, Headers, type INestApplication, Inject } from '@nestjs/common'
import { ExpressAdapter } from '@nestjs/platform-express'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import multer from 'multer'
import { PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

const Plain = defineService(
  class Plain {
    run() {
      return 'ran'
    }
  },
  { name: 'Plain', apis: { run: {} } },
)

const Other = defineService(
  class Other {
    run() {
      return 'ran'
    }
  },
  { name: 'Other', apis: { run: {} } },
)

const Sized = defineService(
  class Sized {
    size({ file }: { file: File }) {
      return file.size
    }
  },
  {
    name: 'Sized',
    apis: { size: { input: { type: 'object', properties: { file: { type: 'string', format: 'binary' } } } } },
  },
)

class NoService {}

describe('ServeModule refuses', () => {
  const cases: readonly [what: string, make: () => unknown, code: string, message: RegExp, hint: RegExp][] = [
    [
      'a service that is both mounted and used',
      () => ServeModule.forRoot({ services: [Plain], uses: [Plain] }),
      'EKB_ERR_MOUNT_AND_USE',
      /'Plain' is both mounted and used/,
      /Name it in one of the two/,
    ],
    [
      'an unknown option',
      () => ServeModule.forRoot({ servces: [Plain] } as never),
      'EKB_ERR_CONFIG_UNKNOWN',
      /'servces' \(the options of ServeModule.forRoot\(\)\)/,
      /services/,
    ],
    [
      'an unknown option of forRootAsync',
      () => ServeModule.forRootAsync({ services: [Plain], useFactry: () => ({}) } as never),
      'EKB_ERR_CONFIG_UNKNOWN',
      /'useFactry'/,
      /useFactory/,
    ],
    [
      'an option that only the factory can give',
      () => ServeModule.forRootAsync({ services: [Plain], prefix: 'ml', useFactory: () => ({}) } as never),
      'EKB_ERR_CONFIG_UNKNOWN',
      /'prefix' \(the options of ServeModule.forRootAsync\(\)\)/,
      /Remove it/,
    ],
    [
      'a class that is no service',
      () => ServeModule.forRoot({ services: [NoService] }),
      'EKB_ERR_MOUNT_NOT_A_SERVICE',
      /a class 'NoService'|NoService/,
      /@service\(\)/,
    ],
    [
      'a class that is no service, of a feature',
      () => ServeModule.forFeature([NoService]),
      'EKB_ERR_MOUNT_NOT_A_SERVICE',
      /NoService/,
      /@service\(\)/,
    ],
    [
      'something undefined, as a circular import gives it',
      () => InjectService(undefined as never),
      'EKB_ERR_MOUNT_NOT_A_SERVICE',
      /getServiceToken\(\) was given undefined/,
      /@service\(\)/,
    ],
    [
      'two apis on one route',
      () => ServeModule.forRoot({ services: [Plain, Other] }),
      'EKB_ERR_PLAN_ROUTE_CLASH',
      /share the route \/run/,
      /another 'route'/,
    ],
  ]
  for (const [what, make, code, message, hint] of cases) {
    it(what, async () => {
      await assert.rejects(
        async () => make(),
        (error: { code?: string; message: string; hint?: string }) => {
          assert.equal(error.code, code)
          assert.match(error.message, message)
          assert.match(error.hint ?? '', hint)
          return true
        },
      )
    })
  }

  it('an option that a factory gives and nobody knows', async () => {
    const imports = [ServeModule.forRootAsync({ services: [Plain], useFactory: () => ({ prefx: 'ml' }) as never })]
    await assert.rejects(startNest(PLATFORMS.Express?.() as never, { imports }), {
      code: 'EKB_ERR_CONFIG_UNKNOWN',
      message: /'prefx' \(what the factory of ServeModule.forRootAsync\(\) gave\)/,
    })
  })

  it('a parameter with a decorator that would do nothing', () => {
    class Headed {
      run(_input: unknown, _agent: unknown) {
        return 'ran'
      }
    }
    Headers('user-agent')(Headed.prototype, 'run', 1)
    const service = defineService(Headed, { name: 'Headed', apis: { run: {} } })
    assert.throws(() => ServeModule.forRoot({ services: [service] }), {
      code: 'EKB_ERR_NEST_PARAMETER',
      message: /Parameter 2 of Headed.run/,
    })
  })

  it('a constructor whose arguments nobody names', async () => {
    class Needy {
      readonly first: unknown
      constructor(first: unknown, _second: unknown) {
        this.first = first
      }
      run() {
        return 'ran'
      }
    }
    Inject('FIRST')(Needy, undefined, 0)
    const create = (): Needy => new Needy(1, 2)
    const service = defineService(Needy, { name: 'Needy', apis: { run: {} } } as never)
    const metadata = {
      imports: [ServeModule.forRoot({ services: [service], log: silentLog })],
      providers: [{ provide: 'FIRST', useValue: 1 }],
    }
    await assert.rejects(startNest(PLATFORMS.Express?.() as never, metadata), {
      code: 'EKB_ERR_NEST_CONSTRUCTOR',
      message: /'Needy'.*1 argument/,
    })
    class Made extends Needy {}
    const made = defineService(Made, { name: 'Made', apis: { run: {} }, create })
    await using app = await startNest(PLATFORMS.Fastify?.() as never, {
      imports: [ServeModule.forRoot({ services: [made], log: silentLog })],
    })
    assert.equal(await (await app.post('/run')).text(), 'ran')
  })

  it('a service among the imports of a module', async () => {
    const imports = [Plain, ServeModule.forRoot({ services: [Other] })]
    await assert.rejects(startNest(PLATFORMS.Express?.() as never, { imports }), (error) => {
      assert.ok(isServiceError(error, 'EKB_ERR_NEST_NOT_A_MODULE'))
      assert.match(error.hint ?? '', /imports: \[ServeModule\.forRoot\(\{ services: \[Plain\] \}\)\]/)
      return true
    })
  })

  it('an HTTP adapter that it does not know, where it is to mount anything there', async () => {
    class OwnAdapter extends ExpressAdapter {
      override getType(): string {
        return 'own'
      }
    }
    const imports = [ServeModule.forRoot({ services: [Plain], log: silentLog })]
    await assert.rejects(startNest(new OwnAdapter(), { imports }), (error) => {
      assert.ok(isServiceError(error, 'EKB_ERR_NEST_PLATFORM'))
      assert.match(error.message, /Plain is to be mounted in a Nest app on 'own'/)
      assert.match(
        error.hint ?? '',
        /@nestjs\/platform-express or @nestjs\/platform-fastify, or name the service in uses/,
      )
      return true
    })
    const used = [ServeModule.forRoot({ uses: [Plain], log: silentLog })]
    await using app = await startNest(new OwnAdapter(), { imports: used })
    const plain: ServiceClient<typeof Plain> = app.app.get(getServiceToken(Plain))
    assert.equal(await plain.run(), 'ran')
  })

  const PARSERS: Readonly<Record<string, (app: INestApplication) => void>> = {
    Express: (app) => void app.use(multer().any()),
    Fastify: (app) => void (app as NestFastifyApplication).register(multipart as never, { attachFieldsToBody: true }),
  }
  for (const [platform, parse] of Object.entries(PARSERS)) {
    it(`a form that another parser has read, on ${platform}`, async () => {
      const logged: unknown[] = []
      const log: Logger = { ...silentLog, error: ({ err }: { err?: unknown }) => logged.push(err), child: () => log }
      const imports = [ServeModule.forRoot({ services: [Sized], errors: 'ekiben', log })]
      await using app = await startNest(PLATFORMS[platform]?.() as never, { imports }, { set: parse })
      const form = new FormData()
      form.append('file', new File(['abc'], 'a.txt'))
      const refused = await fetch(`${app.url}/size`, { method: 'POST', body: form })
      const { code } = (await refused.json()) as { code: string }
      assert.deepEqual([refused.status, code], [500, 'EKB_ERR_BODY_CONSUMED'])
      assert.ok(isServiceError(logged[0], 'EKB_ERR_BODY_CONSUMED'))
      assert.match(logged[0].hint ?? '', /multer.*attachFieldsToBody/)
    })
  }

  it('to start an app whose service cannot start', async () => {
    const Broken = defineService(
      class Broken {
        onStart() {
          throw new Error('no model here')
        }
        run() {
          return 1
        }
      },
      { name: 'Broken', apis: { run: {} } },
    )
    for (const makeAdapter of Object.values(PLATFORMS)) {
      const imports = [ServeModule.forRoot({ services: [Broken], log: silentLog })]
      await assert.rejects(startNest(makeAdapter(), { imports }), /no model here/)
    }
  })
})

it('gives each service one token', () => {
  assert.equal(getServiceToken(Plain), getServiceToken(Plain))
  assert.notEqual(getServiceToken(Plain), getServiceToken(Other))
  assert.equal(String(getServiceToken(Plain)), 'Symbol(ServiceClient(Plain))')
})

it('asks the pipes of @Body() at the first parameter of an api', async () => {
  class Bodied {
    run(text: unknown) {
      return { text }
    }
  }
  const louder = { transform: (value: string) => value.toUpperCase() }
  Body('text', louder)(Bodied.prototype, 'run', 0)
  const service = defineService(Bodied, { name: 'Bodied', apis: { run: {} } })
  for (const makeAdapter of Object.values(PLATFORMS)) {
    await using app = await startNest(makeAdapter(), { imports: [ServeModule.forRoot({ services: [service] })] })
    assert.equal(await (await app.post('/run', { text: 'hey' })).text(), '{"text":"HEY"}')
  }
})
