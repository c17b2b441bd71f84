import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { nodeBinary } from '../../scripts/node-versions.mjs'
import type { InstalledProject } from './packed-project.js'
import { runNodeToEnd } from './run-node.js'

const run = promisify(execFile)

const MODULE_SETTINGS = [
  ['nodenext', 'nodenext'],
  ['node16', 'node16'],
  ['esnext', 'bundler'],
] as const

/** The oldest and the newest TypeScript that we are for, and what is between them. */
export const COMPILERS: Readonly<Record<string, string>> = {
  'TypeScript 5.4': 'test/types/compilers/typescript-5.4/node_modules/typescript/bin/tsc',
  'TypeScript 6.0': 'node_modules/typescript/bin/tsc',
  'TypeScript 7.0': 'test/types/compilers/typescript-7/node_modules/typescript/bin/tsc',
}

/** Paths of the Nodes that one installed project is tried on: the one that runs the tests, and 24. */
export async function matrixNodes(): Promise<readonly string[]> {
  return [...new Set([process.execPath, await nodeBinary('24')])]
}

/** Runs these to their end on each Node: they print this, and nothing else. */
export async function assertPrints(
  { path }: InstalledProject,
  commands: readonly (readonly string[])[],
  expected: string,
): Promise<void> {
  for (const program of await matrixNodes()) {
    for (const args of commands) {
      const { code, stdout, stderr } = await runNodeToEnd(args, { cwd: path, program })
      assert.deepEqual(
        { code, stdout, stderr },
        { code: 0, stdout: expected, stderr: '' },
        [program, ...args].join(' '),
      )
    }
  }
}

/** The compilers are content with our types, and with how the files of the project's `tsconfig.json` use them. */
export async function assertCompiles({ path }: InstalledProject, compilers = Object.keys(COMPILERS)): Promise<void> {
  for (const name of compilers) {
    // What they make of modules is tried with the one that is quick; consumers.test.ts tries it with each.
    const settings = name === 'TypeScript 7.0' ? MODULE_SETTINGS : MODULE_SETTINGS.slice(0, 1)
    for (const [module, moduleResolution] of settings) {
      const args = ['-p', path, '--pretty', 'false', '--module', module, '--moduleResolution', moduleResolution]
      const said = await run(process.execPath, [resolve(COMPILERS[name] as string), ...args], { cwd: path }).then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      )
      assert.equal(said.split('\n').filter(isOurs).join('\n'), '', `${name}, ${module}`)
    }
  }
}

/** What a framework's own types are to an older compiler, or to others beside it, is none of our affair. */
function isOurs(line: string): boolean {
  return /^\S/.test(line) && !/^node_modules\/(?!@ekiben\/)/.test(line)
}

/**
 * Runs tests of this repository's on each Node in a user's project, with the packages that are installed there in place
 * of ours. `alias`: what a package is called there.
 */
export async function assertPasses(
  { path }: InstalledProject,
  files: readonly string[],
  alias: Readonly<Record<string, string>> = {},
): Promise<void> {
  await cp('test/fixtures/nest', join(path, 'test/fixtures/nest'), { recursive: true })
  await build({
    entryPoints: files.map((file) => ({ in: file, out: nameOf(file) })),
    outdir: join(path, 'test'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    packages: 'external',
    alias,
    platform: 'node',
    target: 'node20',
    keepNames: true,
  })
  const tests = files.map((file) => join('test', `${nameOf(file)}.cjs`))
  for (const program of await matrixNodes()) {
    const { code, stdout, stderr } = await runNodeToEnd(['--test', '--test-reporter=tap', ...tests], {
      cwd: path,
      program,
    })
    const failures = stdout.match(/^ *not ok [\s\S]*?^ *\.\.\.$/gm)?.join('\n') ?? stdout
    assert.equal(code, 0, `${program}: ${failures}${stderr}`)
    // Node is content with a file in which there is none.
    for (const file of tests) assert.doesNotMatch(stdout, new RegExp(`^ok \\d+ - .*${basename(file)}$`, 'm'))
    assert.match(stdout, /^# pass [1-9]/m)
  }
}

/** Tests of two rings may have one name. */
function nameOf(file: string): string {
  return `${basename(dirname(file))}-${basename(file, '.ts')}`
}
