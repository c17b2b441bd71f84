import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { build } from 'esbuild'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'

const PRODUCTION = { NODE_ENV: 'production' }
const OPTIONS = "{ port: 0, host: '127.0.0.1', logFormat: 'json' }"

const PACKAGE = { 'package.json': { name: 'shop', type: 'module' } }

/** App and service in one file. */
const TYPESCRIPT = `
import { createServer } from 'node:http'
import { api, bootstrapProduction, type BuildContext, service } from '@ekiben/core'

enum Word { Greeting = 'Hello' }

@service()
class Greeter {
  @api() async greet({ name }: { name: string }) { return { text: \`\${Word.Greeting} \${name}\`, pid: process.pid } }
}

await bootstrapProduction(({ client }: BuildContext) => {
  const greeter = client(Greeter)
  return createServer(async (_, res) => res.end(JSON.stringify({ pid: process.pid, said: await greeter.greet({ name: 'Ada' }) })))
}, ${OPTIONS})
`
const TSCONFIG = { compilerOptions: { target: 'es2022', module: 'nodenext', experimentalDecorators: true } }

interface Said {
  readonly pid: number
  readonly said: { readonly text: string; readonly pid: number }
}

/** The app and its service answer, each from a process of its own. */
async function assertGreets(run: ServingCommand): Promise<void> {
  const { pid, said } = (await (await fetch(run.url)).json()) as Said
  assert.equal(said.text, 'Hello Ada')
  assert.equal(new Set([run.pid, pid, said.pid]).size, 3)
  assert.equal(await run.stop(), 0)
}

function typescriptProject(): Promise<ProjectFolder> {
  const files = { ...PACKAGE, 'tsconfig.json': TSCONFIG, 'main.ts': TYPESCRIPT }
  return projectFolder(files, { packages: ['tsx'] })
}

describe('a main file that calls bootstrapProduction', () => {
  it('is TypeScript that a loader compiles, in every worker', async () => {
    await using project = await typescriptProject()
    await using run = await startServing(['--import', 'tsx', 'main.ts'], { cwd: project.path, env: PRODUCTION })
    await assertGreets(run)
  })

  it('is CommonJS', async () => {
    await using project = await projectFolder({
      'main.cjs': `
        const { bootstrapProduction, defineService } = require('@ekiben/core')
        const Greeter = defineService(
          class Greeter { async greet({ name }) { return { text: 'Hello ' + name, pid: process.pid } } },
          { apis: { greet: {} } },
        )
        if (require.main === module) start()
        function start() {
          void bootstrapProduction(({ client }) => async (_, res) => {
            res.end(JSON.stringify({ pid: process.pid, said: await client(Greeter).greet({ name: 'Ada' }) }))
          }, { ...${OPTIONS}, uses: [Greeter] })
        }`,
    })
    await using run = await startServing(['main.cjs'], { cwd: project.path, env: PRODUCTION })
    await assertGreets(run)
  })

  for (const external of [true, false]) {
    it(`is a single file that a bundler has made and minified (@ekiben/core ${external ? 'beside it' : 'in it'})`, async () => {
      await using project = await typescriptProject()
      await bundle(project, { external: external ? ['@ekiben/core'] : [] })
      await using run = await startServing(['bundle.mjs'], { cwd: project.path, env: PRODUCTION })
      await assertGreets(run)
    })
  }

  it('is such a file in CommonJS, of services whose names are given and not kept', async () => {
    const named = TYPESCRIPT.replace('@service()', "@service({ name: 'Greeter' })").replace('await boot', 'void boot')
    await using project = await projectFolder({ 'tsconfig.json': TSCONFIG, 'main.ts': named })
    await bundle(project, { format: 'cjs', keepNames: false })
    await using run = await startServing(['bundle.cjs'], { cwd: project.path, env: PRODUCTION })
    await assertGreets(run)
  })

  it('is such a file with the framework and the adapter in it, by which it mounts a service', async () => {
    const main = `
      import express from 'express'
      import { api, bootstrapProduction, depends, service, type ServiceClient } from '@ekiben/core'
      import { serve } from '@ekiben/express-adapter'
      @service() class Back { @api() async pid() { return process.pid } }
      @service() class Front {
        @depends(Back) back!: ServiceClient<Back>
        @api() async pids() { return { pid: process.pid, back: await this.back.pid() } }
      }
      await bootstrapProduction(() => express().use('/ml', serve(Front)), { ...${OPTIONS}, services: [Front] })`
    const packages = ['express', '@ekiben/express-adapter']
    const files = { ...PACKAGE, 'tsconfig.json': TSCONFIG, 'main.ts': main }
    await using project = await projectFolder(files, { packages })
    await bundle(project)
    for (const name of packages) await rm(join(project.path, 'node_modules', name), { recursive: true })
    await using run = await startServing(['bundle.mjs'], { cwd: project.path, env: PRODUCTION })
    const answer = await fetch(`${run.url}/ml/pids`, { method: 'POST' })
    assert.equal(answer.status, 200, run.stdout())
    const { pid, back } = (await answer.json()) as { pid: number; back: number }
    assert.equal(new Set([run.pid, pid, back]).size, 3)
    assert.equal(await run.stop(), 0)
  })

  it('is refused as a bundle that holds @ekiben/core where that is not installed', async () => {
    await using project = await typescriptProject()
    await bundle(project, { external: [] })
    await rm(join(project.path, 'node_modules'), { recursive: true })
    const { code, stderr } = await runNodeToEnd(['bundle.mjs'], { cwd: project.path, env: PRODUCTION })
    assert.match(stderr, /@ekiben\/core was bundled into .*bundle\.mjs, and is not installed beside it/)
    assert.match(
      stderr,
      /^EKB_ERR_CORE_BUNDLED: .*\n {2}hint: Bundle the app with @ekiben\/core as an external package/m,
    )
    assert.equal(code, 2)
  })

  it('makes a Nest application, which is closed once', async () => {
    const main = `
      import 'reflect-metadata'
      import { NestFactory } from '@nestjs/core'
      import { Controller, Get, Module } from '@nestjs/common'
      import { bootstrapProduction } from '@ekiben/core'
      @Controller() class Root { @Get() get() { return { pid: process.pid } } }
      @Module({ controllers: [Root] }) class AppModule { onApplicationShutdown() { console.log('shut down') } }
      await bootstrapProduction(async () => {
        const app = await NestFactory.create(AppModule, { logger: false })
        return app.enableShutdownHooks()
      }, ${OPTIONS})`
    const files = { ...PACKAGE, 'tsconfig.json': TSCONFIG, 'main.ts': main }
    const packages = ['tsx', 'reflect-metadata', '@nestjs', 'rxjs']
    await using project = await projectFolder(files, { packages })
    await using run = await startServing(['--import', 'tsx', 'main.ts'], { cwd: project.path, env: PRODUCTION })
    const { pid } = (await (await fetch(run.url)).json()) as { pid: number }
    assert.notEqual(pid, run.pid)
    assert.equal(await run.stop(), 0)
    assert.equal(run.stdout().match(/^shut down$/gm)?.length, 1)
  })

  it('mounts a service, whose dependencies run in pools', async () => {
    await using project = await projectFolder(
      {
        ...PACKAGE,
        'services.js': `
          import { defineService } from '@ekiben/core'
          export const Back = defineService(class Back {
            async pid() { return process.pid }
            async onStop() { console.log('back stopped') }
          }, { apis: { pid: {} } })
          export const Front = defineService(
            class Front {
              async pids() { return { pid: process.pid, back: await this.back.pid() } }
              async onStop() { console.log('front stopped') }
            },
            { apis: { pids: {} }, dependencies: { back: Back } },
          )`,
        'main.js': `
          import express from 'express'
          import { bootstrapProduction, serve } from '@ekiben/express-adapter'
          import { Front } from './services.js'
          await bootstrapProduction(() => express().use('/ml', serve(Front)), { ...${OPTIONS}, services: [Front] })`,
      },
      { packages: ['express', '@ekiben/express-adapter'] },
    )
    for (const [env, processes] of [
      [PRODUCTION, 3],
      [{ NODE_ENV: undefined }, 1],
    ] as const) {
      await using run = await startServing(['main.js'], { cwd: project.path, env })
      const answer = await fetch(`${run.url}/ml/pids`, { method: 'POST' })
      const { pid, back } = (await answer.json()) as { pid: number; back: number }
      assert.equal(new Set([run.pid, pid, back]).size, processes)
      assert.equal(await run.stop(), 0)
      assert.deepEqual(run.stdout().match(/^\w+ stopped$/gm), ['front stopped', 'back stopped'])
    }
  })
})

interface BundleOptions {
  readonly external?: readonly string[]
  readonly format?: 'esm' | 'cjs'
  readonly keepNames?: boolean
}

/** Leaves `bundle.mjs`, or `bundle.cjs`, in place of `main.ts`. */
async function bundle({ path }: ProjectFolder, options: BundleOptions = {}): Promise<void> {
  const { external = ['@ekiben/core'], format = 'esm', keepNames = true } = options
  // What esbuild's own documentation gives for packages that are CommonJS.
  const js = "import { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);"
  await build({
    absWorkingDir: path,
    entryPoints: ['main.ts'],
    outfile: format === 'esm' ? 'bundle.mjs' : 'bundle.cjs',
    bundle: true,
    minify: true,
    keepNames,
    platform: 'node',
    format,
    external: [...external],
    banner: format === 'esm' ? { js } : {},
  })
  await rm(join(path, 'main.ts'))
}
