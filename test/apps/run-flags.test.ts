import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { build } from 'esbuild'
import { appVariables } from '../helpers/app-variables.js'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

/** What a file says of the process as it finds it. */
const SEEN = `JSON.stringify({
  execArgv: process.execArgv,
  ours: Object.keys(process.env).filter((name) => name.startsWith('EKIBEN')).sort(),
})`

const FILES = {
  'package.json': { name: 'app', type: 'module' },
  'server.mjs': `
    import { createServer } from 'node:http'
    import { word } from 'virtual:word'
    createServer((_request, response) => response.end(word)).listen(process.env.PORT)`,
  // They answer for a module that no folder has.
  'hooks.mjs': `
    export const resolve = (specifier, context, next) =>
      specifier === 'virtual:word' ? { url: specifier, format: 'module', shortCircuit: true } : next(specifier, context)
    export const load = (url, context, next) =>
      url === 'virtual:word' ? { format: 'module', source: "export const word = 'hooked'", shortCircuit: true } : next(url, context)`,
  'register.mjs': `
    import nodeModule from 'node:module'
    import * as hooks from './hooks.mjs'
    // The older of the two is deprecated where the newer one is.
    if (nodeModule.registerHooks) nodeModule.registerHooks(hooks)
    else nodeModule.register('./hooks.mjs', import.meta.url)`,
  'preload.cjs': `globalThis.preloaded = ${SEEN}`,
  'preload.mjs': `globalThis.imported = ${SEEN}`,
  'preloaded.cjs': `
    const body = () => JSON.stringify([globalThis.preloaded, globalThis.imported, ${SEEN}].map((said) => said && JSON.parse(said)))
    require('node:http').createServer((_request, response) => response.end(body())).listen(process.env.PORT)`,
}
const LOCAL = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']

interface Given {
  /** Of Node itself. */
  readonly node?: readonly string[]
  readonly flags?: readonly string[]
  readonly options?: string
}

function runMain(
  { path }: ProjectFolder,
  main: string,
  { node = [], flags = [], options }: Given,
): Promise<ServingCommand> {
  const env = options === undefined ? {} : { NODE_OPTIONS: options }
  return startServing([...node, EKIBEN, 'run', main, ...LOCAL, ...flags], { cwd: path, env })
}

const answerOf = async ({ url }: ServingCommand): Promise<string> => (await fetch(url)).text()
const nodeArgs = (...args: readonly string[]): string[] => ['--set', `app.nodeArgs=${JSON.stringify(args)}`]

/** Wherever flags of Node can be given. */
const PLACES: readonly (readonly [string, (...args: readonly string[]) => Given])[] = [
  ['the command line of node', (...node) => ({ node })],
  ['NODE_OPTIONS', (...args) => ({ options: args.join(' ') })],
  ["the app's nodeArgs", (...args) => ({ flags: nodeArgs(...args) })],
]

describe('ekiben run with flags and variables', () => {
  for (const [place, given] of PLACES) {
    it(`runs the main file under hooks that a preload registers (${place})`, async () => {
      await using project = await projectFolder(FILES)
      await using run = await runMain(project, 'server.mjs', given('--import', './register.mjs'))
      assert.equal(await answerOf(run), 'hooked')
      assert.equal(await run.stop(), 0)
    })

    it(`loads what --require and --import name before the main file (${place})`, async () => {
      await using project = await projectFolder(FILES)
      const args = ['--require', './preload.cjs', '--import', './preload.mjs']
      await using run = await runMain(project, 'preloaded.cjs', given(...args))
      const said = JSON.parse(await answerOf(run)) as { execArgv: string[]; ours: string[] }[]
      assert.equal(said.length, 3)
      const execArgv = place === 'NODE_OPTIONS' ? [] : args
      // From there Node loads it before whatever its command line names.
      const isFirst = place === 'NODE_OPTIONS'
      for (const seen of said.slice(isFirst ? 1 : 0)) assert.deepEqual(seen, { execArgv, ours: appVariables() })
      assert.equal(await run.stop(), 0)
    })
  }

  it('gives the app the variables that are set for it, in the first worker already', async () => {
    const main = `
      const { DATABASE } = process.env
      if (DATABASE === undefined) throw new Error('DATABASE is not set')
      console.log('built')
      require('node:http').createServer((_request, response) => response.end(DATABASE)).listen(process.env.PORT)`
    await using project = await projectFolder({ 'package.json': { name: 'app' }, 'main.js': main })
    await using run = await runMain(project, 'main.js', { flags: ['--set', 'app.env.DATABASE=here'] })
    assert.equal(await answerOf(run), 'here')
    assert.equal(run.stdout().match(/^built$/gm)?.length, 1)
    assert.equal(await run.stop(), 0)
  })

  it('runs the main file under a --loader', async () => {
    await using project = await projectFolder(FILES)
    const flags = ['--no-warnings', '--loader', './hooks.mjs']
    await using run = await runMain(project, 'server.mjs', { node: flags })
    assert.equal(await answerOf(run), 'hooked')
    assert.equal(await run.stop(), 0)
  })

  it('runs a main file in TypeScript beside a preload for something else', async () => {
    const main = `
      import { createServer, type Server } from 'node:http'
      enum Word { Said = 'typed' }
      const server: Server = createServer((_request, response) => response.end(Word.Said + typeof globalThis['imported' as never]))
      server.listen(process.env.PORT)`
    await using project = await projectFolder({ ...FILES, 'main.ts': main }, { packages: ['tsx'] })
    for (const node of [
      ['--import', './preload.mjs'],
      ['--import', './preload.mjs', '--import', 'tsx'],
    ]) {
      await using run = await runMain(project, 'main.ts', { node })
      assert.equal(await answerOf(run), 'typedstring')
      assert.equal(await run.stop(), 0)
    }
  })

  it('shows the lines of the source where a compiled main file has a map', async () => {
    const main = `import { createServer } from 'node:http'
interface Asked { readonly path: string | undefined }

function refuse({ path }: Asked): never {
  throw new Error('no such path: ' + path)
}

createServer(({ url }, response) => {
  if (url === '/') return response.end('compiled')
  refuse({ path: url })
}).listen(process.env.PORT)`
    for (const [place, given] of PLACES) {
      await using project = await projectFolder({ 'package.json': { name: 'app' }, 'src/main.ts': main })
      await compile(project)
      await using run = await runMain(project, 'dist/main.js', given('--enable-source-maps'))
      assert.equal(await answerOf(run), 'compiled')
      await assert.rejects(fetch(`${run.url}/elsewhere`))
      const [, stack] = await waitUntil(() => /^Error: (no such path: \/elsewhere\n[\s\S]*?)\n\n/m.exec(run.stderr()), {
        describe: () => `the stack in ${run.stderr()}`,
      })
      assert.match(stack as string, /at refuse \(.*src\/main\.ts:5:9\)/, place)
      assert.match(stack as string, /src\/main\.ts:10:3/)
      assert.equal(await run.stop(), 0)
    }
  })
})

/** As a build step would: CommonJS of an older target, with a map beside it. */
async function compile({ path }: ProjectFolder): Promise<void> {
  await build({
    absWorkingDir: path,
    entryPoints: ['src/main.ts'],
    outfile: 'dist/main.js',
    platform: 'node',
    format: 'cjs',
    target: 'es2017',
    sourcemap: true,
  })
}
