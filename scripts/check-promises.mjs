/** Checks that the packages leave no promise to itself: in a supervisor, that is a crash that nobody sees coming. */
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { findUnhandledPromises } from './find-promises.mjs'
import { ROOT } from './run-command.mjs'

const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
const problems = []
let count = 0
for (const { path } of config.references) {
  const file = join(ROOT, path, 'tsconfig.json')
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(file, ts.sys.readFile).config,
    ts.sys,
    dirname(file),
  )
  const program = ts.createProgram(fileNames, { ...options, noEmit: true })
  const checker = program.getTypeChecker()
  for (const source of program.getSourceFiles().filter(({ fileName }) => fileNames.includes(fileName))) {
    count += 1
    for (const { line, what } of findUnhandledPromises(source, checker)) {
      problems.push(`${relative(ROOT, source.fileName)}:${line}: ${what}`)
    }
  }
}
if (count === 0) problems.push('No source file was found: the check saw nothing.')
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(`${count} files: ${problems.length || 'no'} promises left to themselves\n`)
process.exitCode = problems.length === 0 ? 0 : 1
