import assert from 'node:assert/strict'
import { mkdir, symlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { resolveIdentifiers } from '../helpers/resolve-identifiers.js'

/** An ES module with services of these names. */
const esm = (...names: string[]) =>
  [
    "import { defineService } from '@ekiben/core'",
    ...names.map((name) => `export const ${name} = defineService(class ${name} { run() {} })`),
  ].join('\n')

/** A CommonJS module whose `module.exports` is this expression. */
const cjs = (expression: string) => `const { defineService } = require('@ekiben/core')\nmodule.exports = ${expression}`

const declared = (name: string) => `defineService(class ${name} { run() {} })`

/** Resolves each identifier of a table in one process, and compares service and file. */
async function holds(
  project: ProjectFolder,
  table: Readonly<Record<string, readonly [string, string]>>,
  workingDir?: string,
) {
  const identifiers = Object.keys(table)
  const resolutions = await resolveIdentifiers(project, identifiers, workingDir === undefined ? {} : { workingDir })
  const from = workingDir ?? project.path
  const seen = resolutions.map(({ identifier, name, file, message }) => [
    identifier,
    name ?? message,
    file === undefined ? undefined : relative(from, file),
  ])
  assert.deepEqual(
    seen,
    Object.entries(table).map(([identifier, [name, file]]) => [identifier, name, file]),
  )
}

describe('forms of an identifier', () => {
  it('names modules, files and folders of the working directory', async () => {
    await using project = await projectFolder({
      'service.mjs': esm('TextClassifier', 'Embedder'),
      'one.cjs': cjs(`{ One: ${declared('One')} }`),
      'whole.cjs': cjs(declared('Whole')),
      'src/deep.mjs': esm('Deep'),
      'indexed/index.mjs': esm('Indexed'),
      'indexed/service.mjs': esm('Beside'),
      'folder/service.mjs': esm('InFolder'),
      'field/package.json': { ekiben: { service: './lib/main.mjs:Chosen' } },
      'field/lib/main.mjs': esm('Chosen', 'Other'),
      'field/service.mjs': esm('NotThis'),
      'itself/package.json': { ekiben: { service: '.' } },
      'itself/service.mjs': esm('Itself'),
      'package.json': { name: 'app', ekiben: { service: 'src/deep' } },
    })
    const url = pathToFileURL(join(project.path, 'src/deep.mjs')).href
    await holds(project, {
      'service:TextClassifier': ['TextClassifier', 'service.mjs'],
      'service.mjs:Embedder': ['Embedder', 'service.mjs'],
      './service.mjs:Embedder': ['Embedder', 'service.mjs'],
      one: ['One', 'one.cjs'],
      'one:One': ['One', 'one.cjs'],
      'whole:default': ['Whole', 'whole.cjs'],
      whole: ['Whole', 'whole.cjs'],
      'src/deep': ['Deep', 'src/deep.mjs'],
      './src/deep.mjs': ['Deep', 'src/deep.mjs'],
      [`${join(project.path, 'src/deep')}:Deep`]: ['Deep', 'src/deep.mjs'],
      [url]: ['Deep', 'src/deep.mjs'],
      [`${url}:Deep`]: ['Deep', 'src/deep.mjs'],
      'indexed:Indexed': ['Indexed', 'indexed/index.mjs'],
      indexed: ['Beside', 'indexed/service.mjs'],
      folder: ['InFolder', 'folder/service.mjs'],
      './folder/': ['InFolder', 'folder/service.mjs'],
      field: ['Chosen', 'field/lib/main.mjs'],
      './field:Other': ['Other', 'field/lib/main.mjs'],
      itself: ['Itself', 'itself/service.mjs'],
      '.': ['Deep', 'src/deep.mjs'],
    })
    await holds(
      project,
      {
        '.': ['InFolder', 'service.mjs'],
        '..': ['Deep', '../src/deep.mjs'],
        '../one:One': ['One', '../one.cjs'],
        'service:InFolder': ['InFolder', 'service.mjs'],
      },
      join(project.path, 'folder'),
    )
  })

  it('names packages as an import in the working directory would', async () => {
    await using project = await projectFolder({
      'package.json': { name: 'me', exports: { './own': './lib/own.mjs' } },
      'lib/own.mjs': esm('Own'),
      'node_modules/import-only/package.json': {
        exports: { '.': { import: './i.mjs' }, './sub/*': { import: './s/*.mjs' } },
      },
      'node_modules/import-only/i.mjs': esm('ImportOnly'),
      'node_modules/import-only/s/a.mjs': esm('Sub'),
      'node_modules/dual/package.json': { exports: { import: './i.mjs', require: './r.cjs' } },
      'node_modules/dual/i.mjs': esm('DualImport'),
      'node_modules/dual/r.cjs': cjs(declared('DualRequire')),
      'node_modules/require-only/package.json': { exports: { require: './r.cjs' } },
      'node_modules/require-only/r.cjs': cjs(`{ RequireOnly: ${declared('RequireOnly')} }`),
      'node_modules/@scope/pkg/package.json': { main: 'main.js' },
      'node_modules/@scope/pkg/main.js': cjs(`{ Scoped: ${declared('Scoped')} }`),
      'node_modules/@scope/pkg/lib/sub.js': cjs(`{ Sub: ${declared('ScopedSub')} }`),
      'node_modules/with-field/package.json': { main: 'main.cjs', ekiben: { service: 'lib/service.mjs:B' } },
      'node_modules/with-field/main.cjs': cjs(`{ A: ${declared('Main')} }`),
      'node_modules/with-field/lib/service.mjs': esm('A', 'B'),
      'app/keep.txt': '',
    })
    await holds(
      project,
      {
        'import-only': ['ImportOnly', '../node_modules/import-only/i.mjs'],
        'import-only:ImportOnly': ['ImportOnly', '../node_modules/import-only/i.mjs'],
        'import-only/sub/a:Sub': ['Sub', '../node_modules/import-only/s/a.mjs'],
        dual: ['DualImport', '../node_modules/dual/i.mjs'],
        'require-only:RequireOnly': ['RequireOnly', '../node_modules/require-only/r.cjs'],
        '@scope/pkg:Scoped': ['Scoped', '../node_modules/@scope/pkg/main.js'],
        '@scope/pkg/lib/sub:Sub': ['ScopedSub', '../node_modules/@scope/pkg/lib/sub.js'],
        '@scope/pkg/lib/sub.js:Sub': ['ScopedSub', '../node_modules/@scope/pkg/lib/sub.js'],
        'with-field': ['B', '../node_modules/with-field/lib/service.mjs'],
        'with-field:A': ['Main', '../node_modules/with-field/main.cjs'],
        'me/own': ['Own', '../lib/own.mjs'],
      },
      join(project.path, 'app'),
    )
  })

  it('prefers a file to a folder, and both to a package of the same name', async () => {
    await using project = await projectFolder({
      'a.cjs': cjs(declared('File')),
      'a/index.cjs': cjs(declared('Folder')),
      'node_modules/a/index.js': cjs(declared('Package')),
      'b/index.cjs': cjs(declared('Folder')),
      'node_modules/b/index.js': cjs(declared('Package')),
      'c/readme.txt': '',
      'node_modules/c/index.js': cjs(declared('Package')),
    })
    await holds(project, {
      a: ['File', 'a.cjs'],
      'a/': ['Folder', 'a/index.cjs'],
      b: ['Folder', 'b/index.cjs'],
      c: ['Package', 'node_modules/c/index.js'],
    })
  })

  it('takes extensions in the documented order', async () => {
    await using project = await projectFolder({
      'a.js': cjs(declared('Js')),
      'a.mjs': esm('Mjs'),
      'a.cjs': cjs(declared('Cjs')),
      'b.mjs': esm('Mjs'),
      'b.cjs': cjs(declared('Cjs')),
    })
    await holds(project, { a: ['Js', 'a.js'], b: ['Mjs', 'b.mjs'] })
  })

  it('expands ~ and keeps symbolic links as they are written', async () => {
    await using project = await projectFolder({ 'home/app/service.mjs': esm('AtHome') })
    const home = join(project.path, 'home')
    await mkdir(join(project.path, 'releases'))
    await symlink(join(home, 'app'), join(project.path, 'current'))
    const [atHome] = await resolveIdentifiers(project, ['~/app/service:AtHome'], { env: { HOME: home } })
    assert.equal(atHome?.file, join(home, 'app/service.mjs'))
    await holds(project, { './current': ['AtHome', 'current/service.mjs'] })
  })
})
