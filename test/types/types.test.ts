import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'

const TSC = resolve('node_modules/typescript/bin/tsc')

for (const [flavour, project] of [
  ['standard decorators', 'test/types/tsconfig.json'],
  ['experimentalDecorators', 'test/types/tsconfig.legacy.json'],
] as const) {
  test(`what must compile does, and nothing else, with ${flavour}`, async () => {
    const output = await new Promise<string>((done) => {
      execFile(process.execPath, [TSC, '-p', resolve(project), '--pretty', 'false'], (_, stdout) => done(stdout))
    })
    assert.equal(output, '')
  })
}
