import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findImpurities } from '../../scripts/find-impurities.mjs'
import { runNodeToEnd } from '../helpers/run-node.js'

const CHECK = join(process.cwd(), 'scripts', 'check-pure.mjs')

const IMPURE: readonly (readonly [source: string, what: string])[] = [
  ["import { readFileSync } from 'node:fs'", 'imports node:fs'],
  ["import './side-effect.js'", 'imports ./side-effect.js, which is not pure'],
  ["import { now } from '../util/clock.js'", 'imports ../util/clock.js, which is not pure'],
  ["export { now } from '../util/clock.js'", 'imports ../util/clock.js, which is not pure'],
  ["export * from '../util/clock.js'", 'imports ../util/clock.js, which is not pure'],
  ["import { type A, now } from '../util/clock.js'", 'imports ../util/clock.js, which is not pure'],
  ["import pino from 'pino'", 'imports pino'],
  ["import { createHash, randomUUID } from 'node:crypto'", 'imports node:crypto'],
  ["const fs = require('node:fs')", 'uses require'],
  ["const fs = await import('node:fs')", 'import() reads a file'],
  ['setTimeout(() => {}, 1)', 'uses setTimeout'],
  ['const later = setImmediate', 'uses setImmediate'],
  ['queueMicrotask(() => {})', 'uses queueMicrotask'],
  ['globalThis.setTimeout(() => {}, 1)', 'uses globalThis.setTimeout'],
  ['AbortSignal.timeout(1)', 'uses AbortSignal.timeout'],
  ['const port = process.env.PORT', 'uses process'],
  ['const read = { process }', 'uses process'],
  ['const at = Date.now()', 'uses Date.now'],
  ['const at = new Date()', 'new Date() reads the clock'],
  ['const at = performance.now()', 'uses performance'],
  ['const pick = Math.random()', 'uses Math.random'],
  ['const id = crypto.randomUUID()', 'uses crypto'],
  ['const answer = fetch(url)', 'uses fetch'],
  ['console.log(1)', 'uses console'],
]

const PURE: readonly string[] = [
  "import assert from 'node:assert/strict'",
  "import { createHash } from 'node:crypto'",
  "import type { Server } from 'node:http'",
  "import { type Server } from 'node:http'",
  "export type { Server } from 'node:http'",
  "import { parse } from './pure.js'",
  'const at = new Date(0)',
  'interface Settings { process: string; setTimeout(): void }',
  'const settings = { process: 1 }; settings.process',
  'function run(process: { pid: number }) { return process.pid }',
  'type Environment = typeof process.env',
]

for (const [source, what] of IMPURE) {
  test(`not pure: ${source}`, () => {
    assert.deepEqual(findImpurities('plan/a.ts', `\n${source}\n`, isPure), [{ line: 2, what }])
  })
}

for (const source of PURE) {
  test(`pure: ${source}`, () => assert.deepEqual(findImpurities('plan/a.ts', source, isPure), []))
}

test('a check that saw no file, or a name without a file, fails', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'ekiben-pure-'))
  t.after(() => rm(root, { recursive: true }))
  const nothing = await runNodeToEnd([CHECK, root])
  assert.equal(nothing.code, 1)
  assert.match(nothing.stdout, /the check saw nothing/)

  await mkdir(join(root, 'packages/core/src/errors'), { recursive: true })
  await writeFile(join(root, 'packages/core/src/errors/a.ts'), 'export const at = Date.now()\n')
  const { code, stdout } = await runNodeToEnd([CHECK, root])
  assert.equal(code, 1)
  assert.match(stdout, /packages\/core\/src\/errors\/a\.ts:1: uses Date\.now/)
  assert.match(stdout, /names ipc\/protocol\.ts, which is not there/)
  assert.match(stdout, /no pure file in graph\//)
  assert.match(stdout, /1 pure files of 1: /)
})

function isPure(path: string): boolean {
  return path === 'plan/pure.ts'
}
