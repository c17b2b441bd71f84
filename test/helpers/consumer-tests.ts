import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { InstalledProject } from './packed-project.js'
import { runNodeToEnd } from './run-node.js'
import { matrixNodes } from './user-project.js'

interface JestOptions {
  /** Of Node. Default none: Jest's default runtime. */
  readonly flags?: readonly string[]
  /** Paths of the Nodes. Default: those of the matrix. */
  readonly programs?: readonly string[]
}

/** Runs the tests of a fixture in an installed project, in Jest, on each Node. */
export async function assertPassesInJest(
  { path }: InstalledProject,
  { fixture, tests }: { readonly fixture: string; readonly tests: number },
  { flags = [], programs }: JestOptions = {},
): Promise<void> {
  const folder = await copyFixture(path, fixture)
  const jest = [join(path, 'node_modules/jest/bin/jest.js'), '--ci', '--no-cache', '--runInBand', '--rootDir', folder]
  for (const program of programs ?? (await matrixNodes())) {
    const { code, stderr } = await runNodeToEnd([...flags, ...jest], { cwd: folder, program })
    assert.equal(code, 0, stderr)
    assert.match(stderr, new RegExp(`Tests: +${tests} passed, ${tests} total`))
  }
}

/** The same in Vitest, of the files whose names contain a word. */
export async function assertPassesInVitest(
  { path }: InstalledProject,
  { words = [], tests }: { readonly words?: readonly string[]; readonly tests: number },
): Promise<void> {
  const folder = await copyFixture(path, 'vitest')
  const args = ['run', ...words, '--root', folder, '--no-color', '--reporter=json']
  for (const program of await matrixNodes()) {
    const vitest = join(path, 'node_modules/vitest/vitest.mjs')
    const { code, stdout, stderr } = await runNodeToEnd([vitest, ...args], { cwd: folder, program })
    assert.equal(code, 0, stdout + stderr)
    assert.equal((JSON.parse(stdout) as { numPassedTests: number }).numPassedTests, tests)
  }
}

async function copyFixture(project: string, fixture: string): Promise<string> {
  const folder = join(project, fixture)
  await cp(resolve('test/fixtures/consumers', fixture), folder, { recursive: true })
  return folder
}
