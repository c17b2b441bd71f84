import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'
import { runNodeToEnd } from '../helpers/run-node.js'

const run = promisify(execFile)

/** The last of each major, and the swagger that goes with it. */
const VERSIONS = {
  'Nest 12': { nest: '12.1.1', swagger: '12.0.2' },
  'Nest 11': { nest: '11.2.10', fastify: '11.2.8', testing: '11.2.6', swagger: '11.4.7' },
}

/** Without decorators, as JavaScript has none; serves, asks itself, and ends by itself once all is closed. */
const APP = `
class Words {
  greeting() {
    return 'Hello'
  }
}

class Greeter {
  constructor(words) {
    this.words = words
  }
  greet({ name = 'world' }) {
    if (name === 'nobody') throw new ConflictException('nobody is there')
    return { message: this.words.greeting() + ', ' + name + '!' }
  }
}
Inject(Words)(Greeter, undefined, 0)
const GreeterService = defineService(Greeter, { name: 'Greeter', create: fromModule(() => AppModule), apis: { greet: {} } })

class Direct {
  constructor(greeter) {
    this.greeter = greeter
  }
  run() {
    return this.greeter.greet({ name: 'direct' })
  }
}
Controller('direct')(Direct)
InjectService(GreeterService)(Direct, undefined, 0)
Post()(Direct.prototype, 'run', Object.getOwnPropertyDescriptor(Direct.prototype, 'run'))

class Guard {
  canActivate(context) {
    return context.switchToHttp().getRequest().headers['x-user'] === 'ada'
  }
}

class Conflicts {
  constructor(host) {
    this.host = host
  }
  catch(error, host) {
    this.host.httpAdapter.reply(host.getArgByIndex(1), { mine: error.message }, 418)
  }
}
Catch(ConflictException)(Conflicts)
Inject(HttpAdapterHost)(Conflicts, undefined, 0)

class AppModule {}
Module({
  imports: [ServeModule.forRoot({ services: [GreeterService], prefix: 'api', system: 'probes' })],
  controllers: [Direct],
  providers: [Words, { provide: APP_GUARD, useClass: Guard }, { provide: APP_FILTER, useClass: Conflicts }],
})(AppModule)

async function main() {
  for (const adapter of [new ExpressAdapter(), new FastifyAdapter()]) {
    const app = await NestFactory.create(AppModule, adapter, { logger: ['warn', 'error'] })
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().build())
    await app.listen(0, '127.0.0.1')
    const url = await app.getUrl()
    const post = async (path, body, user = 'ada') => {
      const headers = { 'content-type': 'application/json', connection: 'close', 'x-user': user }
      const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
      return response.status + ' ' + (await response.text())
    }
    console.log(await post('/api/greet', { name: 'Ada' }))
    console.log(await post('/direct', {}))
    console.log((await post('/api/greet', {}, 'eve')).slice(0, 3))
    console.log(await post('/api/greet', { name: 'nobody' }))
    console.log((await fetch(url + '/readyz', { headers: { connection: 'close' } })).status)
    console.log(Object.keys(document.paths).sort().join())
    await app.close()
  }
}
void main()
`

const NAMES = {
  '@ekiben/core': 'defineService',
  '@ekiben/nest-module': 'fromModule, InjectService, ServeModule',
  '@nestjs/common': 'Catch, ConflictException, Controller, Inject, Module, Post',
  '@nestjs/core': 'APP_FILTER, APP_GUARD, HttpAdapterHost, NestFactory',
  '@nestjs/platform-express': 'ExpressAdapter',
  '@nestjs/platform-fastify': 'FastifyAdapter',
  '@nestjs/swagger': 'DocumentBuilder, SwaggerModule',
}
const PRINTED = [
  '200 {"message":"Hello, Ada!"}',
  '201 {"message":"Hello, direct!"}',
  '403',
  '418 {"mine":"nobody is there"}',
  '200',
  '/api/greet,/direct',
]

/** As TypeScript users write it. */
const TYPED = `import { api, type CallContext, type ServiceClient, service } from '@ekiben/core'
import { fromModule, getServiceToken, InjectService, ServeModule } from '@ekiben/nest-module'
import { Controller, Inject, Injectable, Module, Post, UseGuards, type CanActivate } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'

@Injectable()
class Words {
  greeting(): string {
    return 'Hello'
  }
}

@Injectable()
class Everybody implements CanActivate {
  canActivate(): boolean {
    return true
  }
}

@UseGuards(Everybody)
@service({ create: fromModule(() => AppModule) })
class Greeter {
  constructor(@Inject(Words) private readonly words: Words) {}

  @api()
  greet({ name = 'world' }: { name?: string }, _context: CallContext): { message: string } {
    return { message: this.words.greeting() + ', ' + name + '!' }
  }
}

@Controller('direct')
class Direct {
  constructor(@InjectService(Greeter) private readonly greeter: ServiceClient<Greeter>) {}

  @Post()
  run(): Promise<{ message: string }> {
    return this.greeter.greet({ name: 'direct' })
  }
}

@Module({
  imports: [ServeModule.forRootAsync({ services: [Greeter], useFactory: () => ({ prefix: 'api' }) })],
  controllers: [Direct],
  providers: [Words],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] })
await app.listen(0, '127.0.0.1')
const headers = { 'content-type': 'application/json', connection: 'close' }
const greeted = await fetch((await app.getUrl()) + '/api/greet', { method: 'POST', headers, body: '{"name":"Ada"}' })
const client: ServiceClient<Greeter> = app.get(getServiceToken(Greeter))
console.log(await greeted.text(), (await client.greet({})).message)
await app.close()
`

/** As users of Nest 11 test; Jest loads no ES modules by itself, which Nest 12 is made of. */
const SPEC = `
const { defineService } = require('@ekiben/core')
const { getServiceToken, ServeModule } = require('@ekiben/nest-module')
const { Module } = require('@nestjs/common')
const { FastifyAdapter } = require('@nestjs/platform-fastify')
const { Test } = require('@nestjs/testing')

const Greeter = defineService(
  class Greeter {
    greet({ name }) {
      return { hello: name }
    }
  },
  { apis: { greet: {} } },
)
class AppModule {}
Module({ imports: [ServeModule.forRoot({ services: [Greeter] })] })(AppModule)

test('calls a service, and a stand-in of one', async () => {
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile()
  const app = await module.createNestApplication(new FastifyAdapter(), { logger: false }).init()
  await app.listen(0, '127.0.0.1')
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch((await app.getUrl()) + '/greet', { method: 'POST', headers, body: '{"name":"Ada"}' })
  expect(await answer.json()).toEqual({ hello: 'Ada' })
  expect(await module.get(getServiceToken(Greeter)).greet({ name: 'Bob' })).toEqual({ hello: 'Bob' })
  await app.close()
  const other = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(getServiceToken(Greeter))
    .useValue({ greet: async () => 'nobody' })
    .compile()
  expect(await other.get(getServiceToken(Greeter)).greet()).toBe('nobody')
  await other.close()
})
`

const imports = Object.entries(NAMES).map(([from, names]) => `import { ${names} } from '${from}'`)
const requires = Object.entries(NAMES).map(([from, names]) => `const { ${names} } = require('${from}')`)
const FILES = {
  'package.json': { type: 'module', jest: { transform: {}, testMatch: ['**/app.spec.cjs'] } },
  'tsconfig.json': {
    compilerOptions: { target: 'es2022', strict: true, experimentalDecorators: true, types: ['node'], noEmit: true },
    files: ['typed.ts'],
  },
  'esm.mjs': `${imports.join('\n')}${APP}`,
  'cjs.cjs': `${requires.join('\n')}${APP}`,
  'typed.ts': TYPED,
  'app.spec.cjs': SPEC,
}

let packed: PackedPackages
before(async () => {
  packed = await packPackages(['nest-module'])
})
after(() => packed[Symbol.asyncDispose]())

for (const [name, { nest, swagger, ...own }] of Object.entries(VERSIONS)) {
  describe(`${name}, from packed archives in an empty folder`, () => {
    test('runs for JavaScript and TypeScript users, as ES modules and as CommonJS, on both platforms', async () => {
      const { fastify = nest, testing } = own as { fastify?: string; testing?: string }
      await using project = await installProject(FILES, {
        ...packed.archives,
        '@nestjs/common': nest,
        '@nestjs/core': nest,
        '@nestjs/platform-express': nest,
        '@nestjs/platform-fastify': fastify,
        '@nestjs/swagger': swagger,
        ...(testing !== undefined && { '@nestjs/testing': testing, jest: '30.5.2' }),
        '@types/node': '20.19.43',
        'reflect-metadata': '0.2.2',
        rxjs: '7.8.2',
        tsx: '4.23.15',
        typescript: '6.0.3',
      })
      const options = { cwd: project.path }
      // One Nest in each: of a second one the providers, exceptions and adapters would be other classes.
      for (const file of ['esm.mjs', 'cjs.cjs']) {
        const { code, stdout, stderr } = await runNodeToEnd([file], options)
        const expected = `${[...PRINTED, ...PRINTED].join('\n')}\n`
        assert.deepEqual({ code, stdout }, { code: 0, stdout: expected }, `${file}: ${stderr}`)
      }
      const typed = await runNodeToEnd(['--import', 'tsx', 'typed.ts'], options)
      assert.deepEqual([typed.code, typed.stdout], [0, '{"message":"Hello, Ada!"} Hello, world!\n'], typed.stderr)
      if (testing !== undefined) {
        const tested = await runNodeToEnd([resolve(project.path, 'node_modules/jest/bin/jest.js'), '--ci'], options)
        assert.equal(tested.code, 0, tested.stderr)
        assert.match(tested.stderr, /Tests: +1 passed, 1 total/)
      }
      for (const [module, moduleResolution] of [
        ['nodenext', 'nodenext'],
        ['node16', 'node16'],
        ['esnext', 'bundler'],
      ] as const) {
        const tsc = resolve(project.path, 'node_modules/typescript/bin/tsc')
        const flags = ['--module', module, '--moduleResolution', moduleResolution]
        const said = await run(process.execPath, [tsc, '-p', '.', ...flags], options).then(
          () => '',
          ({ stdout }: { stdout: string }) => stdout,
        )
        assert.equal(said, '', module)
      }
    })
  })
}
