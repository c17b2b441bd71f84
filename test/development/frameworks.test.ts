/** Apps in TypeScript, as they are written for Express, Fastify and Nest, in development mode with reload. */
import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import ts from 'typescript'
import { type Flavour, type Greeting, greeterProject } from '../helpers/development-project.js'
import type { ProjectFolder } from '../helpers/project-folder.js'
import { greets, type Reloading, save, startReloading, stops, words } from '../helpers/reloading.js'
import { EKIBEN } from '../helpers/serve-fixture.js'

const EXPRESS = `
import express from 'express'
import { serve } from '@ekiben/express-adapter'
import { Greeter } from './service.js'
express().use(serve(Greeter)).listen(Number(process.env.PORT))
`
const EXPRESS_BOOTSTRAP = `
import { bootstrapProduction } from '@ekiben/core'
await bootstrapProduction(async () => {
  const { default: express } = await import('express')
  const { serve } = await import('@ekiben/express-adapter')
  const { Greeter } = await import('./service.js')
  return express().use(serve(Greeter))
}, { port: 0, logFormat: 'json', reload: true })
`
const FASTIFY = `
import { servePlugin } from '@ekiben/fastify-plugin'
import Fastify from 'fastify'
import { Greeter } from './service.js'
const app = Fastify()
app.register(servePlugin, Greeter)
await app.listen({ port: Number(process.env.PORT) })
`
/** A controller that is given a provider, and a client of what is mounted beside it. */
const nestModule = (inject: string): string => `
import type { ServiceClient } from '@ekiben/core'
import { InjectService, ServeModule } from '@ekiben/nest-module'
import { Controller, Inject, Injectable, Module, Post } from '@nestjs/common'
import { Greeter } from './service.js'

@Injectable()
export class Manners {
  readonly polite = true
}

@Controller()
export class AppController {
  constructor(
    ${inject} private readonly manners: Manners,
    @InjectService(Greeter) private readonly greeter: ServiceClient<Greeter>,
  ) {}

  @Post('greet')
  async greet(): Promise<object> {
    return { ...(await this.greeter.greet()), polite: this.manners.polite }
  }
}

@Module({
  imports: [ServeModule.forRoot({ services: [Greeter], prefix: 'ml' })],
  controllers: [AppController],
  providers: [Manners],
})
export class AppModule {}
`
const NEST = `
import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.js'
const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] })
app.enableShutdownHooks()
await app.listen(process.env.PORT ?? 3000)
`
const NEST_FASTIFY = NEST.replace('create(AppModule,', 'create(AppModule, new FastifyAdapter(),').replace(
  'import { AppModule }',
  "import { FastifyAdapter } from '@nestjs/platform-fastify'\nimport { AppModule }",
)
const NEST_BOOTSTRAP = `
import 'reflect-metadata'
import { bootstrapProduction } from '@ekiben/nest-module'
await bootstrapProduction(async () => {
  const { NestFactory } = await import('@nestjs/core')
  const { AppModule } = await import('./app.module.js')
  return NestFactory.create(AppModule, { logger: ['warn', 'error'] })
}, { port: 0, logFormat: 'json', reload: true })
`
const BROKEN = 'const before = 1\nexport const words: string = (\nexport const after = 2\n'
const PACKAGES = [
  ...['tsx', 'express', 'fastify', '@nestjs', 'reflect-metadata'],
  ...['express-adapter', 'fastify-plugin', 'nest-module'].map((name) => `@ekiben/${name}`),
]
const RUN = [EKIBEN, 'run', '--development', '--reload']

interface Seen extends Greeting {
  readonly polite?: boolean
}

type Write = (text: string) => Promise<void>

async function followsChange(run: Reloading, write: Write): Promise<Seen> {
  const first = await greets<Seen>(run, 'first')
  await write(words('second'))
  const second = await greets<Seen>(run, 'second')
  assert.notEqual(second.own, first.own)
  assert.ok(second.own === second.helper && second.own !== run.pid)
  return second
}

/** What is broken is shown with its lines; it goes on when it is mended. */
async function showsBroken(run: Reloading, write: Write): Promise<void> {
  await write(BROKEN)
  assert.match(await run.broken(), FRAME)
  await write(words('mended'))
  await greets(run, 'mended')
}

/** As it is shown where tsx compiles. */
const FRAME = /words\.ts:3:1\n {2}1 \| const before = 1\n {2}2 \| .*\(\n> 3 \| export const after = 2\n {4}\| \^/

interface App {
  readonly flavour: Flavour
  readonly files: Readonly<Record<string, string>>
  /** Default: by `ekiben run`. */
  readonly args?: readonly string[]
}

const BY_ITSELF = ['--import', 'tsx', 'main.ts']
const ofNest = (main: string) => ({ 'app.module.ts': nestModule('@Inject(Manners)'), 'main.ts': main })

const APPS: Readonly<Record<string, App>> = {
  'of Express, with standard decorators': { flavour: 'standard', files: { 'main.ts': EXPRESS } },
  'of Express by bootstrapProduction, with legacy decorators': {
    flavour: 'legacy',
    files: { 'main.ts': EXPRESS_BOOTSTRAP },
    args: BY_ITSELF,
  },
  'of Fastify, with standard decorators': { flavour: 'standard', files: { 'main.ts': FASTIFY } },
  'of Nest': { flavour: 'legacy', files: ofNest(NEST) },
  'of Nest on Fastify': { flavour: 'legacy', files: ofNest(NEST_FASTIFY) },
  'of Nest by bootstrapProduction': { flavour: 'legacy', files: ofNest(NEST_BOOTSTRAP), args: BY_ITSELF },
}

describe('development mode of an app in TypeScript', () => {
  for (const [which, { flavour, files, args = [...RUN, 'main.ts'] }] of Object.entries(APPS)) {
    it(`restarts one ${which}, and shows what is broken`, async () => {
      await using project = await greeterProject(flavour, files, { packages: PACKAGES })
      await using run = await startReloading(args, project.path)
      const write: Write = (text) => save(project, 'words.ts', text)
      const { polite } = await followsChange(run, write)
      assert.equal(polite, 'app.module.ts' in files ? true : undefined)
      await showsBroken(run, write)
      await stops(run)
    })
  }

  it('restarts one of Nest that is compiled beside it, and injects by decorator metadata', async () => {
    const app = { 'app.module.ts': nestModule(''), 'main.ts': NEST }
    await using project = await greeterProject('legacy', app, { packages: PACKAGES })
    await mkdir(join(project.path, 'dist'))
    for (const name of ['words', 'helper', 'service', 'app.module', 'main']) {
      await compile(project, name, await readFile(join(project.path, `${name}.ts`), 'utf8'))
    }
    await using run = await startReloading([...RUN, 'dist/main.js'], project.path)
    const { polite } = await followsChange(run, (text) => compile(project, 'words', text))
    assert.equal(polite, true)
    await stops(run)
  })
})

/** As `tsc --watch` does after each save. */
function compile(project: ProjectFolder, name: string, source: string): Promise<void> {
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  }
  return save(project, `dist/${name}.js`, ts.transpileModule(source, { compilerOptions }).outputText)
}
