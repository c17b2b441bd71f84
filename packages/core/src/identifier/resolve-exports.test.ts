import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IMPORT_CONDITIONS, resolveExports } from './resolve-exports.js'

const conditions = new Set(IMPORT_CONDITIONS)

const CASES: readonly (readonly [string, unknown, string, string | undefined])[] = [
  ['a string', './index.js', '.', './index.js'],
  ['a string has no subpaths', './index.js', './sub', undefined],
  ['conditions alone', { import: './i.mjs', require: './r.cjs' }, '.', './i.mjs'],
  ['an import-only map', { '.': { import: './i.mjs' } }, '.', './i.mjs'],
  ['a require-only map', { '.': { require: './r.cjs' } }, '.', undefined],
  ['the first condition that applies', { '.': { types: './t.d.ts', node: './n.js', import: './i.js' } }, '.', './n.js'],
  ['nested conditions', { '.': { import: { types: './t.d.mts', default: './i.mjs' } } }, '.', './i.mjs'],
  ['a nested miss goes on', { '.': { node: { require: './r.cjs' }, default: './d.js' } }, '.', './d.js'],
  ['a subpath', { './sub': './lib/sub.js' }, './sub', './lib/sub.js'],
  ['a hidden subpath', { '.': './i.js' }, './sub', undefined],
  ['null hides', { './*': './lib/*.js', './private/*': null }, './private/a', undefined],
  ['a pattern', { './*': './lib/*.js' }, './a/b', './lib/a/b.js'],
  ['a pattern with a tail', { './f/*.js': './lib/*.js' }, './f/a.js', './lib/a.js'],
  ['the longest pattern', { './*': './x/*.js', './f/*': './y/*.js' }, './f/a', './y/a.js'],
  ['an array', { '.': ['not-relative', './i.js'] }, '.', './i.js'],
  ['outside the package', { '.': '../x.js' }, '.', undefined],
  ['nothing', undefined, '.', undefined],
]

describe('resolveExports', () => {
  for (const [title, exports, subpath, expected] of CASES) {
    it(title, () => assert.equal(resolveExports(exports, subpath, conditions), expected))
  }
})
