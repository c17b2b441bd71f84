import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { markedProcesses } from '../helpers/no-leftovers.js'
import { type NodeRun, runNode, runNodeToEnd } from '../helpers/run-node.js'
import { waitUntil } from '../helpers/wait-until.js'

/** Starts a process in a session of its own, which outlives it, and ends. */
const LEAVES_AN_ORPHAN = `
  require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'],
    { detached: true, stdio: 'ignore' }).unref()`

test('waitUntil gives back what it waited for', async () => {
  let looks = 0
  assert.equal(await waitUntil(() => (++looks === 3 ? 'there' : undefined)), 'there')
})

test('waitUntil that gives up shows what it saw last', async () => {
  const options = { timeoutMs: 30, describe: () => 'two workers' }
  await assert.rejects(
    waitUntil(() => false, options),
    /Waited 30 ms for two workers; last seen: false/,
  )
  await assert.rejects(
    waitUntil(() => assert.deepEqual([1], [2]), options),
    /two workers; last seen: AssertionError/,
  )
})

test('runNode tells exit code, stdout and stderr', async () => {
  const exit = await runNodeToEnd(['-e', 'console.log("out"); console.error("err"); process.exitCode = 3'])
  assert.deepEqual(exit, { code: 3, signal: null, stdout: 'out\n', stderr: 'err\n' })
})

test('runNode kills what still runs, and all it has started', async () => {
  let run: NodeRun
  {
    await using started = await runNode([
      '-e',
      `${LEAVES_AN_ORPHAN}; console.log('started'); setInterval(() => {}, 1000)`,
    ])
    await waitUntil(() => started.stdout().includes('started'), { timeoutMs: 30_000, describe: started.stderr })
    // Of one that has just begun the environment cannot be read yet.
    await waitUntil(async () => (await markedProcesses(started.mark)).length === 2, { describe: 'both to run' })
    run = started
  }
  assert.deepEqual(await markedProcesses(run.mark), [])
})

test('runNode fails on a process that outlives the one it ran', async () => {
  await assert.rejects(runNodeToEnd(['-e', LEAVES_AN_ORPHAN]), /no process to be left.*still running/s)
})

test('runNode fails on a file left in the runtime folder', async () => {
  const run = await runNode(['-e', ''])
  await run.exited
  await writeFile(join(run.runtimeDir, 'left.sock'), '')
  await assert.rejects(async () => run[Symbol.asyncDispose](), /Files were left behind:\n.*left\.sock/)
})

test('runNode fails on an unhandled rejection that did not end the process', async () => {
  const args = ['--unhandled-rejections=warn', '-e', 'Promise.reject(new Error("lost"))']
  await assert.rejects(runNodeToEnd(args), /ended with a warning: .*UnhandledPromiseRejection/)
})
