import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { call, failFixture, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

describe('the log of a worker that died', () => {
  const table: readonly [by: string, reason: string, exit: RegExp, output: RegExp][] = [
    ['exit', 'exit', /^code 9$/, /^$/],
    ['throw', 'uncaught', /^uncaught error: TypeError: thrown where nobody catches \(code 1\)$/, /at Immediate/],
    ['reject', 'uncaught', /^unhandled rejection: RangeError: rejected where/, /at Immediate/],
    ['handleItself', 'exit', /^code 4$/, /^$/],
    ['crash', 'signal', /^signal SIGSEGV$/, /^$/],
    ['kill', 'killed', /SIGKILL: killed from outside, possibly out of memory/, /^$/],
    ['fillHeap', 'out-of-memory', /V8 heap reached its limit/, /heap out of memory|Reached heap limit/],
  ]
  for (const [by, reason, exit, output] of table) {
    it(`names '${reason}' when it ended by: ${by}`, async () => {
      await using server = await serveFixture('dies-as-told')
      await assert.rejects(call(server.url, 'die', { by }))
      // Its successor answers.
      assert.equal((await call(server.url, 'ping')).status, 200)
      const death = await waitUntil(() => logLines(server.stdout()).find((line) => line.msg === 'worker died'))
      assert.equal(death.reason, reason)
      assert.match(String(death.exit), exit)
      assert.match(String(death.lastOutput), output)
      assert.equal(await server.stop(), 0)
    })
  }
})

describe('the error of a start that fails', () => {
  it('names the error that nobody caught, and shows its stack once', async () => {
    const { code, stderr } = await failFixture('crashes-on-start')
    assert.equal(code, 3)
    assert.match(stderr, /it ended early \(uncaught error: Error: thrown where nobody catches \(code 1\)\)/)
  })

  it('says why a process could not even be started', async () => {
    const { code, stderr } = await failFixture('needs-too-much-environment')
    assert.equal(code, 3)
    assert.match(stderr, /could not be started: spawn E2BIG/)
  })
})
