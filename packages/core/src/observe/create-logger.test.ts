import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createError } from '../errors/service-error.js'
import { createLogger } from './create-logger.js'

function collect(level = 'info', bindings: object = { instance: 'i' }) {
  const lines: Record<string, unknown>[] = []
  const sink = { write: (line: string) => void lines.push(JSON.parse(line)) }
  return { lines, log: createLogger({ level, format: 'json', bindings, sink }) }
}

describe('createLogger', () => {
  it('writes the fields that pino writes, with the level as a word', () => {
    const { lines, log } = collect('info', { instance: 'i', service: 'A', slot: 0, generation: 1 })
    log.info({ requestId: 'r' }, 'hello')
    const [{ time, ...rest } = {}] = lines
    assert.equal(typeof time, 'number')
    assert.deepEqual(rest, {
      level: 'info',
      pid: process.pid,
      instance: 'i',
      service: 'A',
      slot: 0,
      generation: 1,
      requestId: 'r',
      msg: 'hello',
    })
  })

  it('leaves out what is below the level', () => {
    const words = (level: string) => {
      const { lines, log } = collect(level)
      for (const method of ['debug', 'info', 'warn', 'error'] as const) log[method]({})
      return lines.map((line) => line.level)
    }
    assert.deepEqual(words('trace'), ['debug', 'info', 'warn', 'error'])
    assert.deepEqual(words('warn'), ['warn', 'error'])
    assert.deepEqual(words('silent'), [])
    assert.deepEqual(words('nonsense'), ['info', 'warn', 'error'])
  })

  it('gives a child the fields of its parent', () => {
    const { lines, log } = collect()
    log.child({ a: 1 }).child({ b: 2 }).warn({ c: 3 })
    assert.deepEqual([lines[0]?.instance, lines[0]?.a, lines[0]?.b, lines[0]?.c], ['i', 1, 2, 3])
  })

  it('writes errors out, alone or as a field, with code and causes', () => {
    const { lines, log } = collect()
    const error = createError('EKB_ERR_TIMEOUT', { what: 'A.b', timeoutMs: 5 }, { cause: new TypeError('inner') })
    log.error({ err: error }, 'failed')
    log.error(error)
    for (const line of lines) {
      const err = line.err as Record<string, unknown> & { cause: Record<string, unknown> }
      assert.deepEqual([err.type, err.code, err.message], ['ServiceError', 'EKB_ERR_TIMEOUT', error.message])
      assert.match(err.stack as string, /create-logger\.test/)
      assert.deepEqual([err.cause.type, err.cause.message], ['TypeError', 'inner'])
    }
    assert.deepEqual([lines[0]?.msg, lines[1]?.msg], ['failed', error.message])
  })

  it('does not throw, whatever it is given', () => {
    const { lines, log } = collect()
    const hostile = {
      time: 1,
      level: 'none',
      get boom() {
        throw new Error('boom')
      },
    }
    for (const fields of [hostile, null, undefined, 'text alone', 7, new Proxy({}, { get: () => 1 })]) {
      log.info(fields as object)
    }
    assert.equal(lines.length, 6)
    assert.deepEqual([lines[0]?.boom, lines[0]?.level], ['[unreadable]', 'info'])
    assert.equal(lines[3]?.msg, 'text alone')
  })
})
