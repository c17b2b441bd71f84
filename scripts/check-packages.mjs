/**
 * Checks what users would get from npm: publint on every package that has an entry, and that each archive holds
 * what it must and nothing of ours alone.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { ROOT, runNpm } from './run-command.mjs'

/** What an archive must hold, by package. */
const REQUIRED = {
  '@ekiben/core': [
    'package.json',
    'README.md',
    'bin/ekiben.js',
    'dist/ekiben.js',
    'dist/supervisor.js',
    'dist/worker.js',
    'dist/host.js',
    'dist/index.js',
    'dist/adapter.js',
    'dist/client.js',
    'dist/testing.js',
    'build/index.d.ts',
    'esm/index.mjs',
    'page/index.html',
    'page/page.mjs',
    'esm/client.mjs',
    'esm/adapter.mjs',
  ],
}
/** Of an adapter: both of its builds. */
const REQUIRED_OF_ADAPTERS = [
  'package.json',
  'README.md',
  'dist/esm/index.js',
  'dist/esm/index.d.ts',
  'dist/cjs/package.json',
  'dist/cjs/index.js',
  'dist/cjs/index.d.ts',
]
const UNWANTED = /\.test\.|\.tsbuildinfo$|^src\/|^build\/.*(?<!\.d\.ts)$|^test\/|tsconfig|\.map$|\.env/

const problems = []
let checked = 0
for (const folder of await readdir(join(ROOT, 'packages'))) {
  const path = join(ROOT, 'packages', folder)
  const manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
  // A package without an entry is a place held for later: it must not go out by accident.
  if (manifest.main === undefined && manifest.exports === undefined) {
    if (manifest.private !== true) problems.push(`${manifest.name} has no entry and is not private`)
    continue
  }
  checked += 1
  await checkArchive(manifest.name, path)
  await lint(manifest, path)
}
if (checked === 0) problems.push('No package with an entry was found: the check saw nothing.')
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(`${checked} packages: ${problems.length || 'no'} problems\n`)
process.exitCode = problems.length === 0 ? 0 : 1

async function lint(manifest, path) {
  const { messages } = await publint({ pkgDir: path, strict: true, pack: 'npm' })
  for (const message of messages.filter(({ type }) => type !== 'suggestion')) {
    problems.push(`${manifest.name}: ${formatMessage(message, manifest, { color: false })}`)
  }
}

async function checkArchive(name, path) {
  const { code, output } = await runNpm(['pack', '--dry-run', '--json', '--loglevel=error'], {
    capture: true,
    cwd: path,
  })
  if (code !== 0) {
    problems.push(`${name}: npm pack failed:\n${output}`)
    return
  }
  const files = packedFiles(output)
  for (const file of REQUIRED[name] ?? REQUIRED_OF_ADAPTERS) {
    if (!files.includes(file)) problems.push(`${name}: its archive lacks ${file}`)
  }
  for (const file of files.filter((each) => UNWANTED.test(each))) {
    problems.push(`${name}: its archive holds ${file}, which is of no use to a user`)
  }
}

/** npm 11 and older answer with a list, newer ones with an object by name; a warning may stand before it. */
function packedFiles(output) {
  const parsed = JSON.parse(output.slice(output.search(/^[[{]/m)))
  const [archive] = Object.values(parsed)
  return archive.files.map((file) => file.path)
}
