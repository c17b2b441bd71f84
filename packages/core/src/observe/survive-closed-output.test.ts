import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'

/** Waits for the end of its stdin, by when the test has closed its stdout and stderr; then writes and says "alive". */
const SCRIPT = `
  require(${JSON.stringify(join(__dirname, 'survive-closed-output.ts'))}).surviveClosedOutput()
  process.stdin.resume().on('end', async () => {
    for (let i = 0; i < 3; i++) {
      console.log('into the void')
      console.error('into the void')
      await new Promise((resolve) => setImmediate(resolve))
    }
    process.send('alive', () => process.exit(7))
  })`

describe('surviveClosedOutput', () => {
  it('lets a process write on without readers', async () => {
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', SCRIPT], {
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    })
    const said = once(child, 'message')
    const ended = once(child, 'exit')
    child.stdout?.destroy()
    child.stderr?.destroy()
    child.stdin?.end()
    assert.deepEqual((await ended)[0], 7)
    assert.equal((await said)[0], 'alive')
  })
})
