import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'

/** Names that a declaration file exports, types among them. */
function exportsOf(program: ts.Program, file: string): string[] {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const symbol = source && checker.getSymbolAtLocation(source)
  assert.ok(symbol, `${file} is a module`)
  return checker
    .getExportsOfModule(symbol)
    .map(({ name }) => name)
    .sort()
}

test('both faces of the package declare the same names', () => {
  const entries = ['index', 'serving', 'client', 'adapter', 'testing'].map((name) => ({
    esm: resolve(`packages/core/esm/${name}.d.mts`),
    cjs: resolve(`packages/core/build/${name}.d.ts`),
  }))
  const program = ts.createProgram(
    entries.flatMap(({ esm, cjs }) => [esm, cjs]),
    { module: ts.ModuleKind.NodeNext, noEmit: true, skipLibCheck: true, lib: ['lib.es2022.d.ts'], types: [] },
  )
  for (const { esm, cjs } of entries) assert.deepEqual(exportsOf(program, esm), exportsOf(program, cjs))
})
