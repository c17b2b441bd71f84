import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build, transform } from 'esbuild'
import { npmScript } from './npm-script.js'
import type { InstalledProject } from './packed-project.js'
import { call } from './serve-fixture.js'
import { type ServingCommand, startServing } from './serving-command.js'
import { matrixNodes } from './user-project.js'

const run = promisify(execFile)
const SOURCES = resolve('test/fixtures/consumers/forms')
const FLAGS = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']

/** The forms that an app may have, each in a folder of its own. */
const FOLDERS = { esm: 'module', cjs: 'commonjs' } as const
const LEGACY = { experimentalDecorators: true, emitDecoratorMetadata: true }

/**
 * Writes the app of a framework into an installed project: as JavaScript (`js-esm`, `js-cjs`) and as TypeScript with its
 * decorators (`ts-esm` with the standard ones, and `ts-cjs` with the others), which is compiled into `dist`. In Nest, which
 * has services of its own, all are decorated, with those that are not standard; its JavaScript is what they come to.
 */
export async function writeForms(
  { path }: InstalledProject,
  framework: 'bare' | 'express' | 'fastify' | 'nest',
): Promise<void> {
  const files = (await readdir(join(SOURCES, framework))).map((name) => join(SOURCES, framework, name))
  for (const [form, type] of Object.entries(FOLDERS) as ['esm' | 'cjs', string][]) {
    const typed = join(path, `ts-${form}`)
    await mkdir(typed)
    for (const file of files) await cp(file, join(typed, basename(file)))
    if (framework !== 'nest') await cp(join(SOURCES, 'services/decorated.ts'), join(typed, 'services.ts'))
    await writeFile(join(typed, 'package.json'), JSON.stringify({ type }))
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      esModuleInterop: true,
      skipLibCheck: true,
      types: ['node'],
      rootDir: '.',
      outDir: 'dist',
      ...(form === 'cjs' || framework === 'nest' ? LEGACY : {}),
    }
    await writeFile(join(typed, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    const tsc = join(path, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [tsc, '-p', typed]).catch((error: { stdout: string }) => error)
    assert.equal(stdout, '', typed)
    const services = framework === 'nest' ? [] : [join(SOURCES, 'services/declared.ts')]
    await writeJavaScript(join(path, `js-${form}`), form, type, [...files, ...services])
  }
}

async function writeJavaScript(folder: string, format: 'esm' | 'cjs', type: string, files: string[]): Promise<void> {
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type }))
  for (const file of files) {
    const name = basename(file).replace('declared', 'services')
    const { code } = await transform(await readFile(file, 'utf8'), {
      loader: 'ts',
      format,
      platform: 'node',
      keepNames: true,
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    })
    await writeFile(join(folder, name.replace('.ts', '.js')), code)
  }
}

/** Bundles a main file with all that is the app's own, as `bundle.mjs` or `bundle.cjs`; services are declared at its top. */
export async function writeBundle({ path }: InstalledProject, folder: string, format: 'esm' | 'cjs'): Promise<void> {
  await build({
    stdin: { contents: "import './services.js'\nimport './main.js'", resolveDir: join(path, folder), loader: 'ts' },
    outfile: join(path, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format,
    minify: true,
    keepNames: true,
  })
}

/** How an app is started: `run` by the command, `main` as a main file of its own, `alone` with pools of its own. */
export type Way = 'run' | 'main' | 'alone'

/**
 * Starts a form on each Node, and calls its service and its route: the app, the dependency of the service that it mounts
 * and the service that it uses are in processes of their own. Then stops it.
 */
export async function assertServes({ path }: InstalledProject, way: Way, file: string): Promise<void> {
  for (const program of await matrixNodes()) {
    await using app = await start(way, path, file, program)
    const { front, back } = (await call<{ front: number; back: number }>(app.url, 'api/who')).body
    const { app: host, used } = (await call<{ app: number; used: number }>(app.url, 'used')).body
    assert.equal(new Set([front, back, used].filter(Number.isInteger)).size, 3, `${file}: ${[front, back, used]}`)
    assert.equal(host, front)
    assert.equal(await app.stop(), 0, app.stdout() + app.stderr())
  }
}

function start(way: Way, project: string, path: string, program: string): Promise<ServingCommand> {
  const [cwd, file] = [join(project, dirname(path)), basename(path)]
  const bin = join(project, 'node_modules/.bin/ekiben')
  const loader = way !== 'run' && file.endsWith('.ts') ? ['--import', 'tsx'] : []
  if (way === 'run') {
    return startServing([bin, 'run', file, ...FLAGS], { cwd, program })
  }
  if (way === 'main') return startServing([...loader, file], { cwd, program, env: { NODE_ENV: 'production' } })
  const urlOf = (line: string) => /^\{"msg":"listens","url":"(.*)"\}$/.exec(line)?.[1]
  return startServing([...loader, file], { cwd, program, env: { POOLS: '1' }, urlOf })
}

/** Starts an app that has nothing beside its framework in all ways, from all forms that it may have, and bundled. */
export async function assertServesInEveryForm(project: InstalledProject, framework: 'bare' | 'express'): Promise<void> {
  await writeForms(project, framework)
  await assertServes(project, 'run', 'js-esm/listens.js')
  await assertServes(project, 'run', 'ts-esm/listens.ts')
  await assertServes(project, 'run', 'ts-cjs/dist/listens.js')
  await assertServes(project, 'main', 'js-cjs/main.js')
  await assertServes(project, 'main', 'ts-cjs/main.ts')
  await assertServes(project, 'main', 'ts-esm/dist/main.js')
  await assertServes(project, 'alone', 'js-cjs/listens.js')
  await assertServes(project, 'alone', 'ts-esm/listens.ts')
  await assertServes(project, 'alone', 'ts-esm/dist/listens.js')
  await writeBundle(project, 'ts-esm', 'esm')
  await assertServes(project, 'main', 'bundle.mjs')
  await writeBundle(project, 'ts-cjs', 'cjs')
  await assertServes(project, 'main', 'bundle.cjs')
}

/** `npx ekiben serve services:Front` in each form's folder, on each Node, until Ctrl-C. */
export async function assertServesByNpx(project: InstalledProject): Promise<void> {
  for (const folder of ['js-esm', 'js-cjs', 'ts-esm', 'ts-cjs']) await serveByNpx(project, folder)
}

async function serveByNpx({ path }: InstalledProject, folder: string): Promise<void> {
  for (const program of await matrixNodes()) {
    const npx = join(dirname(npmScript()), 'npx-cli.js')
    const env = { PATH: `${dirname(program)}:${process.env.PATH}` }
    const options = { cwd: join(path, folder), program, env }
    await using server = await startServing([npx, '--no', 'ekiben', 'serve', 'services:Front', ...FLAGS], options)
    const { front, back } = (await call<{ front: number; back: number }>(server.url, 'who')).body
    assert.ok(front > 0 && back > 0 && front !== back, `${front}, ${back}`)
    // As a terminal does: to all of its group. npx waits for the command, and then ends of the signal itself.
    process.kill(-server.pid, 'SIGINT')
    const { signal, stdout, stderr } = await server.exited
    assert.equal(signal, 'SIGINT', stderr)
    assert.match(stdout, /"exitCode":0,"msg":"stopped"/)
  }
}
