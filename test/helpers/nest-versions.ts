import { after, before, describe, test } from 'node:test'
import { assertServes, writeBundle, writeForms } from './forms.js'
import { type InstalledProject, installProject, type PackedPackages, packPackages } from './packed-project.js'
import { assertCompiles, assertPasses, assertPrints } from './user-project.js'

/** What one Nest consists of. */
export interface NestVersion {
  readonly nest: string
  readonly swagger: string
  /** Where they are not of the version that the others are of. */
  readonly fastify?: string
  readonly testing?: string
  readonly microservices?: string
  /** Which of our own tests it cannot run. */
  readonly without?: readonly string[]
  /** Others in the project. */
  readonly dependencies?: Readonly<Record<string, string>>
  /** Of TypeScript. Default: all. */
  readonly compilers?: string[]
  /** Of `npm install`. */
  readonly flags?: readonly string[]
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

const imports = Object.entries(NAMES).map(([from, names]) => `import { ${names} } from '${from}'`)
const requires = Object.entries(NAMES).map(([from, names]) => `const { ${names} } = require('${from}')`)
const FILES = {
  'package.json': { type: 'module' },
  'tsconfig.json': {
    compilerOptions: { target: 'es2022', strict: true, experimentalDecorators: true, types: ['node'], noEmit: true },
    files: ['typed.ts'],
  },
  'esm.mjs': `${imports.join('\n')}${APP}`,
  'cjs.cjs': `${requires.join('\n')}${APP}`,
  'typed.ts': TYPED,
}

/** Of this repository's own tests those of what Nest does with services, and what it must do as every host. */
const OWN_TESTS = [
  'bad-input',
  'body-limits',
  'enhancer-providers',
  'enhancers',
  'express-json',
  'microservice',
  'mount',
  'options',
  'providers',
  'routes',
].map((name) => `test/frameworks/nest-${name}.test.ts`)
const CONFORMANCE = 'test/e2e/nest.test.ts'

/** Declares the tests of these versions of Nest, each in a project of its own; `more` declares others of a project. */
export function testNest(
  versions: Readonly<Record<string, NestVersion>>,
  more: (name: string, project: () => InstalledProject) => void = () => {},
): void {
  let packed: PackedPackages
  before(async () => {
    packed = await packPackages(['nest-module'])
  })
  after(() => packed[Symbol.asyncDispose]())

  for (const [name, version] of Object.entries(versions)) {
    describe(`${name}, from packed archives in an empty folder`, () => {
      let project: InstalledProject
      before(async () => {
        project = await installProject(FILES, { ...packed.archives, ...dependenciesOf(version) }, version.flags)
      })
      after(() => project[Symbol.asyncDispose]())

      test('runs for JavaScript users, as ES modules and as CommonJS, on both platforms', async () => {
        // One Nest in each: of a second one the providers, exceptions and adapters would be other classes.
        await assertPrints(project, [['esm.mjs'], ['cjs.cjs']], `${[...PRINTED, ...PRINTED].join('\n')}\n`)
      })

      test('runs and compiles for TypeScript users', async () => {
        await assertPrints(project, [['--import', 'tsx', 'typed.ts']], '{"message":"Hello, Ada!"} Hello, world!\n')
        await assertCompiles(project, version.compilers)
      })

      test('asks guards, wherever they are declared, and does all else as ours', async () => {
        const files = [...OWN_TESTS, CONFORMANCE]
        await assertPasses(
          project,
          files.filter((file) => version.without?.includes(file) !== true),
        )
      })

      // The first of a version has the last one's means.
      if (version.flags === undefined) {
        test('serves with pools, in every form', async () => {
          await writeForms(project, 'nest')
          await assertServes(project, 'run', 'ts-cjs/dist/listens.js')
          await assertServes(project, 'main', 'ts-esm/main.ts')
          await assertServes(project, 'main', 'ts-cjs/dist/main.js')
          await assertServes(project, 'alone', 'ts-esm/dist/listens.js')
          await assertServes(project, 'run', 'js-esm/listens.js')
          await assertServes(project, 'main', 'js-cjs/main.js')
          await writeBundle(project, 'ts-cjs', 'cjs')
          await assertServes(project, 'main', 'bundle.cjs')
        })
      }

      more(name, () => project)
    })
  }
}

function dependenciesOf({ nest, swagger, dependencies, ...others }: NestVersion) {
  const { fastify = nest, testing = nest, microservices = nest } = others
  return {
    '@fastify/multipart': '10.1.9',
    '@nestjs/common': nest,
    '@nestjs/core': nest,
    '@nestjs/microservices': microservices,
    '@nestjs/platform-express': nest,
    '@nestjs/platform-fastify': fastify,
    '@nestjs/swagger': swagger,
    '@nestjs/testing': testing,
    '@types/node': '20.19.43',
    multer: '2.5.0',
    'reflect-metadata': '0.2.2',
    rxjs: '7.8.2',
    tsx: '4.23.15',
    typescript: '6.0.3',
    zod: '4.4.3',
    ...dependencies,
  }
}
