/**
 * Checks that the files that only decide (pure-files.mjs) do nothing else. Fails when it checked no file, and on a
 * name that belongs to none: a renamed file must not drop out of the check unseen.
 *
 *   node scripts/check-pure.mjs [ROOT]
 */
import { readdir, readFile } from 'node:fs/promises'
import { join, posix, resolve } from 'node:path'
import { findImpurities } from './find-impurities.mjs'
import { isPure, namedFiles, PURE_FILES } from './pure-files.mjs'

const root = resolve(process.argv[2] ?? '.')
const folder = join(root, 'packages', 'core', 'src')

const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
const paths = entries
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
  .map((entry) => posix.relative(folder, join(entry.parentPath, entry.name)))
  .sort()
const pure = paths.filter(isPure)

const problems = namedFiles()
  .filter((path) => !paths.includes(path))
  .map((path) => `scripts/pure-files.mjs names ${path}, which is not there: was it moved?`)
for (const name of Object.keys(PURE_FILES)) {
  const isEmpty = !pure.some((path) => path.startsWith(`${name}/`))
  if (isEmpty) problems.push(`scripts/pure-files.mjs: no pure file in ${name}/: was the folder moved?`)
}
for (const path of pure) {
  const text = await readFile(join(folder, path), 'utf8')
  for (const { line, what } of findImpurities(path, text, isPure)) {
    problems.push(`packages/core/src/${path}:${line}: ${what}`)
  }
}
if (pure.length === 0) problems.push('No pure file was found: the check saw nothing.')

for (const problem of problems) process.stdout.write(`${problem}\n`)
if (problems.length > 0) {
  process.stdout.write('A pure file decides on what it is given: pass the value in, or do it in the file that acts.\n')
}
process.stdout.write(`${pure.length} pure files of ${paths.length}: ${problems.length || 'no'} violations\n`)
process.exitCode = problems.length === 0 ? 0 : 1
