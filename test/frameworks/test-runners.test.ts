import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { runNodeToEnd } from '../helpers/run-node.js'

const CONSUMERS = resolve('test/fixtures/consumers')

describe("users' tests run", () => {
  test("in Jest's default runtime", async () => {
    const jest = resolve('node_modules/jest/bin/jest.js')
    const args = ['--ci', '--no-cache', '--runInBand', '--testTimeout=60000', '--rootDir', join(CONSUMERS, 'jest')]
    const run = await runNodeToEnd([jest, ...args])
    assert.equal(run.code, 0, run.stderr)
    assert.match(run.stderr, /Tests: +5 passed, 5 total/)
  })

  test('in Vitest, with decorated services', async (t) => {
    t.after(() => rm(join(CONSUMERS, 'vitest/node_modules'), { recursive: true, force: true }))
    const vitest = resolve('node_modules/vitest/vitest.mjs')
    const limits = ['--testTimeout=60000', '--hookTimeout=60000']
    const args = [vitest, 'run', '--root', join(CONSUMERS, 'vitest'), '--no-color', '--reporter=json', ...limits]
    const run = await runNodeToEnd(args, { cwd: join(CONSUMERS, 'vitest') })
    assert.equal(run.code, 0, `${run.stdout}${run.stderr}`)
    assert.equal((JSON.parse(run.stdout) as { numPassedTests: number }).numPassedTests, 7)
  })
})
