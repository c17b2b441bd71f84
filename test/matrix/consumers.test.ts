import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

const COMPILERS = {
  'TypeScript 5.4': 'test/types/compilers/typescript-5.4/node_modules/typescript/bin/tsc',
  'TypeScript 6.0': 'node_modules/typescript/bin/tsc',
  'TypeScript 7.0': 'test/types/compilers/typescript-7/node_modules/typescript/bin/tsc',
}

const MODULE_SETTINGS = {
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
}

/** An app outside this repository, with the package as npm would install it, once as ESM and once as CommonJS. */
let app: string

before(async () => {
  app = await mkdtemp(join(tmpdir(), 'ekiben-consumer-'))
  await installPacked(app)
  await cp('test/fixtures/consumers/browser', join(app, 'browser'), { recursive: true })
  for (const [folder, type] of [
    ['esm', 'module'],
    ['cjs', 'commonjs'],
  ] as const) {
    await cp('test/fixtures/consumers/types', join(app, folder), { recursive: true })
    await writeFile(join(app, folder, 'package.json'), JSON.stringify({ type }))
  }
})

/** What the compiler says of a project with these settings; nothing, if all is well. */
async function compile(tsc: string, name: string, settings: object, include: readonly string[]): Promise<string> {
  const project = join(app, `tsconfig.${name}.json`)
  const base = { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true }
  await writeFile(project, JSON.stringify({ compilerOptions: { ...base, ...settings }, include }))
  return run(process.execPath, [resolve(tsc), '-p', project, '--pretty', 'false']).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
}

after(() => rm(app, { recursive: true, force: true }))

for (const [compiler, tsc] of Object.entries(COMPILERS)) {
  for (const [setting, moduleOptions] of Object.entries(MODULE_SETTINGS)) {
    test(`${compiler} accepts the package with ${setting}`, async () => {
      const name = `${compiler.replace(/\W/g, '')}-${setting}`
      const settings = { lib: ['es2022'], types: ['node'], ...moduleOptions }
      assert.equal(await compile(tsc, name, settings, ['esm', 'cjs']), '')
    })
  }

  test(`${compiler} accepts the client in a page, without Node's types`, async () => {
    const name = `${compiler.replace(/\W/g, '')}-page`
    const settings = { lib: ['es2022', 'dom', 'dom.iterable'], types: [], ...MODULE_SETTINGS.bundler }
    assert.equal(await compile(tsc, name, settings, ['browser']), '')
  })
}

async function installPacked(folder: string): Promise<void> {
  const installed = join(folder, 'node_modules', '@ekiben', 'core')
  await mkdir(installed, { recursive: true })
  // npm's own switches of this run would apply to the inner one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
  const pack = ['pack', resolve('packages/core'), '--ignore-scripts', '--pack-destination', folder]
  await run('npm', pack, { cwd: folder, env })
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  assert.ok(archive, 'npm made an archive')
  await run('tar', ['-xzf', join(folder, archive), '-C', installed, '--strip-components=1'])
  await mkdir(join(folder, 'node_modules', '@types'))
  for (const name of ['@types/node', 'undici-types']) {
    await symlink(resolve('node_modules', name), join(folder, 'node_modules', name))
  }
}
