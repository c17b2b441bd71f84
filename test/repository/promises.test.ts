import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { findUnhandledPromises } from '../../scripts/find-promises.mjs'

const PRELUDE = `
import { EventEmitter } from 'node:events'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
declare const emitter: EventEmitter
declare const yes: boolean
declare function maybe(): Promise<void> | undefined
declare function handle(): void
async function work(): Promise<void> {}
`

const LEFT = [
  'work()',
  "rm('x')",
  'sleep(1)',
  'yes && work()',
  'yes ? work() : handle()',
  'maybe()',
  'work().then(handle)',
  'work().finally(handle)',
  "emitter.on('x', async () => {})",
  "emitter.on('x', work)",
  'setTimeout(async () => {}, 1)',
  '[1].forEach(async () => {})',
]

const LOOKED_AFTER = [
  'await work()',
  'void work()',
  'work().catch(handle)',
  'work().then(handle, handle)',
  'work().catch(handle).finally(handle)',
  'const later = work()',
  'let later; later = work()',
  'handle()',
  "emitter.on('x', () => void work())",
  '[1].map(async () => {})',
  'await Promise.all([work(), work()])',
]

test('promises that are left to themselves are found, and no others', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ekiben-promises-'))
  t.after(() => rm(folder, { recursive: true }))
  const statements = [...LEFT, ...LOOKED_AFTER]
  const first = PRELUDE.split('\n').length
  const path = join(folder, 'a.mts')
  await writeFile(path, PRELUDE + statements.map((statement) => `{ ${statement} }`).join('\n'))
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    types: ['node'],
    typeRoots: [join(process.cwd(), 'node_modules', '@types')],
    skipLibCheck: true,
  }
  const program = ts.createProgram([path], options)
  const source = program.getSourceFile(path)
  assert.ok(source)
  const found = findUnhandledPromises(source, program.getTypeChecker())
  assert.deepEqual(
    found.map(({ line }) => statements[line - first]),
    LEFT,
  )
})
