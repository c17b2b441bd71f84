import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createError } from '../errors/service-error.js'
import type { WorkerRecord } from '../worker/worker-record.js'
import { bootError, describeExit, explainExit } from './worker-exit.js'

const record = (known: Partial<WorkerRecord>): WorkerRecord => ({ stage: 'load', cut: [], ...known })
const failed = (known: Partial<WorkerRecord>): Parameters<typeof bootError>[0] => ({
  service: 'Embedder',
  slot: 1,
  bootTimeoutMs: 60_000,
  record: record(known),
  lastOutput: '',
})

describe('explainExit', () => {
  const uncaught = { origin: 'uncaughtException', error: 'TypeError: x is no function' } as const
  const rejected = { origin: 'unhandledRejection', error: 'Error: gone' } as const
  const table: readonly [known: Partial<WorkerRecord>, reason: string, text: RegExp][] = [
    [{ exit: { code: 3, signal: null } }, 'exit', /^code 3$/],
    [{ exit: { code: 0, signal: null } }, 'exit', /^code 0$/],
    [{ exit: { code: null, signal: 'SIGSEGV' } }, 'signal', /^signal SIGSEGV$/],
    [{ exit: { code: null, signal: 'SIGKILL' } }, 'killed', /SIGKILL: killed from outside, possibly out of memory/],
    [{ exit: { code: null, signal: 'SIGKILL', outOf: 'memory' } }, 'out-of-memory', /by the kernel.*oom_kill/],
    [{ exit: { code: null, signal: 'SIGABRT', outOf: 'heap' } }, 'out-of-memory', /V8 heap.*SIGABRT/],
    [{ exit: { code: null, signal: 'SIGABRT' } }, 'signal', /^signal SIGABRT$/],
    [
      { exit: { code: 1, signal: null }, uncaught },
      'uncaught',
      /^uncaught error: TypeError: x is no function \(code 1\)$/,
    ],
    [{ exit: { code: 1, signal: null }, uncaught: rejected }, 'uncaught', /^unhandled rejection: Error: gone/],
    [{ exit: { code: null, signal: 'SIGKILL' }, uncaught }, 'killed', /outside/],
    [{ exit: { code: null, signal: 'SIGKILL' }, killed: true }, 'forced', /^signal SIGKILL$/],
    [{ exit: { code: null, signal: 'SIGKILL' }, killed: true, forced: true }, 'forced', /not drained in time/],
    [{ exit: { code: null, signal: 'SIGKILL' }, forced: true, wedgedMs: 3_200 }, 'wedged', /did not turn for 3200 ms/],
    [{ exit: { code: null, signal: 'SIGKILL' }, killed: true, bootTimedOut: true }, 'boot', /not ready in time/],
    [{ failure: { stage: 'start', error: new Error('no model') } }, 'boot', /\(start\): no model/],
    [{ exit: { code: null, signal: null, error: new Error('EAGAIN') } }, 'spawn', /could not be started: EAGAIN/],
    [{}, 'unknown', /abandoned/],
  ]
  for (const [known, reason, text] of table) {
    it(`of ${JSON.stringify(known)} is '${reason}'`, () => {
      const account = explainExit(record(known))
      assert.equal(account.reason, reason)
      assert.match(account.text, text)
      assert.equal(describeExit(record(known)), account.text)
    })
  }
})

describe('bootError', () => {
  it('says that a worker which ended with 0 did not boot', () => {
    const error = bootError(failed({ exit: { code: 0, signal: null } }))
    assert.equal(error.code, 'EKB_ERR_WORKER_BOOT_FAILED')
    assert.equal(error.message, 'Worker Embedder#1 failed to boot (load): it ended early (code 0)')
  })

  it('keeps what the worker said of itself as the cause', () => {
    const cause = new Error('no such model')
    const error = bootError(failed({ failure: { stage: 'start', error: cause } }))
    assert.equal(error.code, 'EKB_ERR_WORKER_BOOT_FAILED')
    assert.match(error.message, /\(start\): no such model/)
    assert.equal(error.cause, cause)
  })

  it('passes on what is wrong with the identifier or the declaration', () => {
    const cause = createError('EKB_ERR_GRAPH_CYCLE', { path: ['A', 'B', 'A'] })
    assert.equal(bootError(failed({ failure: { stage: 'load', error: cause } })), cause)
  })

  it('names the stage and the limit of a boot that never ended', () => {
    const error = bootError(failed({ bootTimedOut: true, stage: 'construct' }))
    assert.equal(error.code, 'EKB_ERR_WORKER_BOOT_TIMEOUT')
    assert.match(error.message, /60000 ms \(it was construct\)/)
  })
})
