import assert from 'node:assert/strict'
import { readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { type Resolution, resolveIdentifiers } from '../helpers/resolve-identifiers.js'

const LEGACY = { compilerOptions: { experimentalDecorators: true } }
const STANDARD = { compilerOptions: {} }
const TSX = ['tsx', 'esbuild', '@esbuild']

/** Does Node strip types by itself? */
const strips = typeof (process.features as { typescript?: unknown }).typescript === 'string'

/** A service that knows which flavour of decorators it was compiled with; its enum cannot be stripped. */
const decorated = (name: string, more = '') => `
import { api, service } from '@ekiben/core'
${more}
let flavour = 'none'
function probe(_method: unknown, context: unknown): any {
  flavour = typeof context === 'object' ? 'standard' : 'legacy'
}
enum Kind { Only = 1 }
@service({ name: '${name}' })
export class ${name} {
  static kind: Kind = Kind.Only
  static get flavour(): string { return flavour }
  @probe @api() run(): string { return 'ran' }
}
`

const stripped = (name: string) => `
import { defineService } from '@ekiben/core'
interface Input { readonly text: string }
export const ${name} = defineService(class ${name} { run(input: Input): string { return input.text } })
`

const summary = ({ name, flavour, message }: Resolution) => (message === undefined ? `${name} ${flavour}` : message)

describe('TypeScript without a build step', () => {
  it('follows the tsconfig nearest to the file, not that of the current directory', async () => {
    await using project = await projectFolder({
      'tsconfig.json': LEGACY,
      'service.ts': decorated('Root'),
      'standard/tsconfig.json': STANDARD,
      'standard/service.ts': decorated('Standard'),
      'standard/legacy/tsconfig.json': LEGACY,
      'standard/legacy/deep/service.ts': decorated('Deep'),
    })
    const identifiers = ['.', './standard', './standard/legacy/deep', 'service:Root']
    const resolutions = await resolveIdentifiers(project, identifiers, { cwd: join(project.path, 'standard') })
    assert.deepEqual(resolutions.map(summary), ['Root legacy', 'Standard standard', 'Deep legacy', 'Root legacy'])
  })

  it('also for a file that this tsconfig does not include', async () => {
    await using project = await projectFolder({
      'tsconfig.json': { ...LEGACY, include: ['src'] },
      'service.ts': decorated('Outside'),
    })
    assert.deepEqual((await resolveIdentifiers(project, ['.'])).map(summary), ['Outside legacy'])
  })

  it('follows what the tsconfig extends, and its paths', async () => {
    await using project = await projectFolder({
      'base.json': LEGACY,
      'app/tsconfig.json': { extends: '../base.json', compilerOptions: { paths: { '@lib/*': ['./lib/*'] } } },
      'app/lib/text.ts': "export const text: string = 'from lib'",
      'app/service.ts': decorated(
        'Extending',
        "import { text } from '@lib/text'\nif (text !== 'from lib') throw new Error(text)",
      ),
    })
    assert.deepEqual((await resolveIdentifiers(project, ['./app'])).map(summary), ['Extending legacy'])
  })

  it('compiles without decorator flags where there is no tsconfig, whatever the current directory has', async () => {
    await using project = await projectFolder({ 'service.ts': decorated('Bare') })
    await using elsewhere = await projectFolder({ 'tsconfig.json': LEGACY })
    const resolutions = await resolveIdentifiers(project, ['.'], { cwd: elsewhere.path })
    assert.deepEqual(resolutions.map(summary), ['Bare standard'])
  })

  for (const [flavour, tsconfig] of Object.entries({ legacy: LEGACY, standard: STANDARD })) {
    it(`loads every kind of module: ${flavour}`, async () => {
      await using project = await projectFolder({
        'tsconfig.json': { compilerOptions: { ...tsconfig.compilerOptions, jsx: 'react' } },
        'a.ts': decorated(
          'CommonJs',
          "import { part } from './part'\nimport { other } from './other.js'\npart + other",
        ),
        'part.ts': "export const part: string = 'part'",
        'other.ts': "export const other: string = 'other'",
        'b.mts': decorated('Module'),
        'c.cts': decorated('Common'),
        'd.tsx': decorated('Jsx', 'const React = { createElement: () => 1 }\nexport const element = <div />'),
        'esm/package.json': { type: 'module' },
        'esm/a.ts': decorated('EsModule', "import { part } from './part.js'\npart"),
        'esm/part.ts': "export const part: string = 'part'",
      })
      const resolutions = await resolveIdentifiers(project, ['a', 'b', 'c', 'd', './esm/a', './b.mts:Module'])
      const names = ['CommonJs', 'Module', 'Common', 'Jsx', 'EsModule', 'Module']
      assert.deepEqual(
        resolutions.map(summary),
        names.map((name) => `${name} ${flavour}`),
      )
    })
  }

  it('loads a workspace package that is linked and has a tsconfig of its own', async () => {
    await using project = await projectFolder({
      'tsconfig.json': STANDARD,
      'packages/ml/tsconfig.json': LEGACY,
      'packages/ml/package.json': { name: 'ml', exports: './src/service.ts' },
      'packages/ml/src/service.ts': decorated('Linked'),
    })
    await symlink(join(project.path, 'packages/ml'), join(project.path, 'node_modules/ml'))
    assert.deepEqual((await resolveIdentifiers(project, ['ml:Linked'])).map(summary), ['Linked legacy'])
  })

  it('names file and line of a syntax error', async () => {
    await using project = await projectFolder({ 'service.ts': 'const a: number = 1\nconst b = = 2\n' })
    const [resolution] = await resolveIdentifiers(project, ['service'])
    assert.equal(resolution?.code, 'EKB_ERR_IDENTIFIER_LOAD_FAILED')
    assert.match(resolution?.message ?? '', /service\.ts:2:10/)
  })

  it('names the broken tsconfig', async () => {
    await using project = await projectFolder({
      'tsconfig.json': { extends: './gone.json' },
      'service.ts': decorated('Any'),
    })
    const [resolution] = await resolveIdentifiers(project, ['service'])
    assert.equal(resolution?.code, 'EKB_ERR_IDENTIFIER_LOAD_FAILED')
    assert.match(resolution?.message ?? '', /tsconfig\.json was found, but failed.*gone\.json/)
  })

  it('leaves a loader in charge that was given on the command line', async () => {
    await using project = await projectFolder(
      { 'tsconfig.json': LEGACY, 'service.ts': decorated('Given'), 'other/tsconfig.json': STANDARD },
      { packages: TSX },
    )
    const options = { cwd: join(project.path, 'other'), nodeArgs: ['--import', 'tsx'] }
    assert.deepEqual((await resolveIdentifiers(project, ['.'], options)).map(summary), ['Given standard'])
  })

  it('loads in a thread, also where the process was started with a loader', async () => {
    await using project = await projectFolder(
      { 'tsconfig.json': LEGACY, 'service.ts': decorated('Threaded') },
      { packages: TSX },
    )
    for (const nodeArgs of [[], ['--import', 'tsx']]) {
      const resolutions = await resolveIdentifiers(project, ['.'], { nodeArgs, inThread: true })
      assert.deepEqual(resolutions.map(summary), ['Threaded legacy'], nodeArgs.join(' '))
    }
  })

  it('leaves neither a variable nor a file behind', async () => {
    await using project = await projectFolder({
      'tsconfig.json': LEGACY,
      'service.ts': decorated('Clean'),
      'tmp/keep.txt': '',
    })
    const temporary = join(project.path, 'tmp')
    const [resolution] = await resolveIdentifiers(project, ['service'], { env: { TMPDIR: temporary } })
    assert.equal(resolution?.name, 'Clean')
    assert.equal(resolution?.environment, undefined)
    const left = (await readdir(temporary)).filter((name) => name.startsWith('ekiben'))
    assert.deepEqual(left, [])
  })
})

describe('TypeScript where tsx is not installed', () => {
  const files = {
    'plain.mts': stripped('Plain'),
    'decorated.mts': decorated('Decorated')
      .replace(/^enum.*$/m, 'type Kind = number')
      .replace('Kind.Only', '1'),
    'enum.mts': 'enum Kind { Only = 1 }\nexport const kind = Kind.Only\n',
    'js-import.mts': "import { part } from './part.js'\nexport const x = part\n",
    'part.ts': "export const part: string = 'part'",
    'jsx.tsx': 'export const element = <div />',
    'broken.mts': 'const a: number = 1\nconst b = = 2\n',
  }
  const LOADER_MISSING = 'EKB_ERR_IDENTIFIER_LOADER_MISSING'

  it('shows the install line for what Node cannot run by itself', async () => {
    await using project = await projectFolder(files, { copyCore: true })
    const resolutions = await resolveIdentifiers(project, ['decorated', 'enum', 'js-import', 'jsx'])
    for (const { identifier, code, message, hint } of resolutions) {
      assert.equal(code, LOADER_MISSING, `${identifier}: ${message}`)
      assert.match(hint ?? '', /npm install --save-dev tsx/)
    }
    const expected = strips
      ? [
          /leaves decorators as they are \(.*decorated\.mts:\d+\)/,
          /enum is not supported/,
          /only part\.ts is there/,
          /\.tsx files/,
        ]
      : Array.from({ length: 4 }, () => /knows no TypeScript, and tsx was not found/)
    for (const [index, pattern] of expected.entries()) assert.match(resolutions[index]?.message ?? '', pattern)
  })

  it('runs what Node strips by itself', async () => {
    await using project = await projectFolder(files, { copyCore: true })
    const [plain, broken] = await resolveIdentifiers(project, ['plain', 'broken'])
    if (!strips) {
      assert.deepEqual([plain?.code, broken?.code], [LOADER_MISSING, LOADER_MISSING])
      return
    }
    assert.equal(plain?.name, 'Plain')
    assert.equal(broken?.code, 'EKB_ERR_IDENTIFIER_LOAD_FAILED')
    assert.match(broken?.message ?? '', /\(.*broken\.mts:2\)/)
  })

  it("finds the project's own tsx", async () => {
    await using project = await projectFolder(
      { 'app/tsconfig.json': LEGACY, 'app/service.ts': decorated('Own') },
      { copyCore: true, packages: TSX },
    )
    assert.deepEqual((await resolveIdentifiers(project, ['./app'])).map(summary), ['Own legacy'])
  })
})
