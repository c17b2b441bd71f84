import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runNodeToEnd } from '../helpers/run-node.js'

const ROOT = process.cwd()

interface Run {
  readonly code: number | null
  readonly lines: string[]
}

test('tests are counted as they ended, and skips listed with their reason', async () => {
  const { code, lines } = await runUnitRing({
    'a.test.ts': `
      test('one', () => {})
      test('two', (t) => t.skip('no ss here'))
      describe('all of it', { skip: 'only on macOS' }, () => it('never', () => {}))
      describe('suite', () => it('three', () => {}))`,
  })
  assert.equal(code, 0)
  assert.deepEqual(lines.slice(-3), [
    '  skipped: two: no ss here',
    '  skipped: all of it: only on macOS',
    '2 passed, 0 failed, 2 skipped',
  ])
})

test('a failed test fails the run, and is named at its end with what it said', async () => {
  const { code, lines } = await runUnitRing({
    'a.test.ts': "describe('suite', () => it('one', () => { throw new Error('no\\n  more') })); test('two', () => {})",
  })
  assert.equal(code, 1)
  assert.equal(lines.at(-2), '  failed: one (packages/core/src/a.test.ts): no | more')
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
})

test('a test may throw anything', async () => {
  const thrown = '({ __proto__: null, code: 7 })'
  const { lines } = await runUnitRing({ 'a.test.ts': `test('one', () => { throw ${thrown} }); test('two', () => {})` })
  assert.match(lines.at(-2) ?? '', /^ {2}failed: one .*code: 7/)
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
})

test('a file that cannot be loaded fails the run', async () => {
  const { code, lines } = await runUnitRing({ 'a.test.ts': "test('one', () => {})", 'b.test.ts': 'null.there' })
  assert.equal(code, 1)
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
})

test('a file that does not parse fails the run, and no other file', async () => {
  const { code, lines } = await runUnitRing({ 'a.test.ts': "test('one', () => {})", 'b.test.ts': 'const = 1' })
  assert.equal(code, 1)
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
})

test('a file imports what lies beside it, at once or later, by the name of what is built from it', async () => {
  const { lines } = await runUnitRing({
    'beside.ts': 'export const where = __filename',
    'a.test.ts': `
      import { where } from './beside.js'
      test('one', async () => {
        const later = await import('./beside.js')
        if (where !== later.where || !where.endsWith('packages/core/src/beside.ts')) throw new Error(where)
      })`,
  })
  assert.equal(lines.at(-1), '1 passed, 0 failed, 0 skipped')
})

test('a skip without a reason fails the run', async () => {
  const { code, lines } = await runUnitRing({ 'a.test.ts': "test('one', () => {}); test.skip('two', () => {})" })
  assert.equal(code, 1)
  assert.ok(lines.includes("  'two' is skipped without a reason"))
  assert.equal(lines.at(-1), '1 passed, 1 failed, 1 skipped')
})

test('a file without tests fails the run', async () => {
  const { code, lines } = await runUnitRing({ 'a.test.ts': "test('one', () => {})", 'b.test.ts': '' })
  assert.equal(code, 1)
  assert.ok(lines.includes('  packages/core/src/b.test.ts has no tests'))
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
})

test('a file whose tests are written elsewhere has tests', async () => {
  const { code, lines } = await runUnitRing({
    'shared.ts': "export const shared = () => describe('shared', () => it('one', () => {}))",
    'a.test.ts': "import { shared } from './shared.js'; shared(); void [describe, it, test]",
  })
  assert.equal(code, 0)
  assert.equal(lines.at(-1), '1 passed, 0 failed, 0 skipped')
})

test('a ring without files fails the run', async () => {
  const { code, lines } = await runUnitRing({})
  assert.equal(code, 1)
  assert.ok(lines.includes('unit: FAILED, no test file in packages/*/src, packages/*/page'))
  assert.equal(lines.at(-1), '0 passed, 1 failed, 0 skipped')
})

/** The scripts, in a repository of which only these files are there. */
async function runUnitRing(files: Readonly<Record<string, string>>): Promise<Run> {
  const root = await mkdtemp(join(tmpdir(), 'ekiben-ring-'))
  try {
    await cp(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true })
    await mkdir(join(root, 'node_modules'))
    await symlink(join(ROOT, 'node_modules', 'esbuild'), join(root, 'node_modules', 'esbuild'))
    for (const lock of ['package-lock.json', 'node_modules/.package-lock.json']) {
      await writeFile(join(root, lock), '{ "packages": {} }')
    }
    await mkdir(join(root, 'packages/core/src'), { recursive: true })
    for (const [name, text] of Object.entries(files)) {
      const imports = text === '' ? '' : "import { describe, it, test } from 'node:test'\n"
      await writeFile(join(root, 'packages/core/src', name), `${imports}${text}\n`)
    }
    const { code, stdout } = await runNodeToEnd([join(root, 'scripts', 'run-tests.mjs'), 'unit'])
    return { code, lines: stdout.trimEnd().split('\n') }
  } finally {
    await rm(root, { recursive: true })
  }
}
