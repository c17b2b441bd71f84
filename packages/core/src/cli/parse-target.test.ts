import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseScale, parseTarget, parseWorker } from './parse-target.js'

const USAGE = { code: 'EKB_ERR_CLI_USAGE' }

describe('what a command is told to steer', () => {
  it('may be a service, or one worker of it', () => {
    assert.deepEqual(parseTarget('Embedder'), { service: 'Embedder', slot: undefined })
    assert.deepEqual(parseTarget('my.Service-2/10'), { service: 'my.Service-2', slot: 10 })
    // As logs and process titles write it.
    assert.deepEqual(parseTarget('Embedder#0'), { service: 'Embedder', slot: 0 })
    assert.deepEqual(parseWorker('Embedder/0'), { service: 'Embedder', slot: 0 })
  })

  it('may be a number of workers', () => {
    assert.deepEqual(parseScale('Embedder=12'), { service: 'Embedder', workers: 12 })
  })

  for (const text of ['', '/0', 'Embedder/', 'Embedder/-1', 'Embedder/x', '2nd/1', 'A/1/2']) {
    it(`is not '${text}'`, () => assert.throws(() => parseTarget(text), USAGE))
  }

  for (const text of ['', 'Embedder', 'Embedder=', 'Embedder=0', 'Embedder=-1', 'Embedder=1.5', 'Embedder=cpu', '=2']) {
    it(`is no number of workers: '${text}'`, () => assert.throws(() => parseScale(text), USAGE))
  }

  it('must be one worker for a dump', () => {
    assert.throws(() => parseWorker('Embedder'), USAGE)
  })
})
