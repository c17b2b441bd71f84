import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createError } from '../errors/service-error.js'
import type { WorkerRecord } from '../worker/worker-handle.js'
import { bootError, describeExit } from './worker-exit.js'

const record = (known: Partial<WorkerRecord>): WorkerRecord => ({ stage: 'load', cut: [], ...known })
const failed = (known: Partial<WorkerRecord>): Parameters<typeof bootError>[0] => ({
  service: 'Embedder',
  slot: 1,
  bootTimeoutMs: 60_000,
  record: record(known),
  lastOutput: '',
})

describe('describeExit', () => {
  it('names code, signal, and who did it', () => {
    assert.equal(describeExit(record({ exit: { code: 3, signal: null } })), 'code 3')
    assert.equal(describeExit(record({ exit: { code: null, signal: 'SIGKILL' } })), 'signal SIGKILL')
    assert.match(describeExit(record({ forced: true, exit: { code: null, signal: 'SIGKILL' } })), /not drained in time/)
    assert.match(describeExit(record({ exit: { code: null, signal: null, error: new Error('EAGAIN') } })), /EAGAIN/)
    assert.match(describeExit(record({})), /abandoned/)
  })
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
