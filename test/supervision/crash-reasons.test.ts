import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { controlGroup } from '../helpers/control-group.js'
import { call, failFixture, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

/** More than a supervisor and two workers hold; the one that is told to die goes beyond it. */
const GROUP_BYTES = 600_000_000

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

  it("names 'out-of-memory' when the kernel ended it, as its control group had no memory left", async (t) => {
    const group = await controlGroup('memory', GROUP_BYTES)
    if (typeof group === 'string') return t.skip(group)
    await using _ = group
    await using server = await serveFixture('dies-as-told', [], { under: group.under })
    await assert.rejects(call(server.url, 'die', { by: 'fillMemory' }))
    assert.equal((await call(server.url, 'ping')).status, 200)
    const death = await waitUntil(() => logLines(server.stdout()).find((line) => line.msg === 'worker died'))
    assert.equal(death.reason, 'out-of-memory')
    assert.match(
      String(death.exit),
      /^out of memory: killed by the kernel, which counts an oom_kill \(signal SIGKILL\)$/,
    )
    assert.equal(await group.count('oom_kill'), 1)
    assert.equal(await server.stop(), 0)
  })

  it("names 'spawn' while the kernel allows no more processes, until it does again", async (t) => {
    const group = await controlGroup('pids', 1_000)
    if (typeof group === 'string') return t.skip(group)
    await using _ = group
    await using server = await serveFixture('dies-as-told', [], { under: group.under })
    await group.limit(1)
    await assert.rejects(call(server.url, 'die', { by: 'kill' }))
    const failed = () =>
      logLines(server.stdout()).filter(({ msg, reason }) => msg === 'worker died' && reason === 'spawn')
    await waitUntil(() => failed().length > 1, { describe: () => server.stdout() })
    assert.match(String(failed()[0]?.exit), /^could not be started: spawn .* EAGAIN$/)
    await group.limit('max')
    assert.equal((await call(server.url, 'ping')).status, 200)
    assert.equal(await server.stop(), 0)
  })
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
