import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatJsonLine, formatPrettyLine, type LogRecord } from './format-log-line.js'

const AT = new Date(2026, 10, 22, 9, 5, 7, 42).getTime()
const record = (fields: object): LogRecord => ({ time: AT, level: 'info', ...fields })
const pretty = (fields: object) => formatPrettyLine(record(fields), false)

describe('formatJsonLine', () => {
  it('is one line of JSON', () => {
    const line = formatJsonLine(record({ msg: 'two\nlines', service: 'A', slot: 0 }))
    assert.equal(line.indexOf('\n'), line.length - 1)
    assert.deepEqual(JSON.parse(line), { time: AT, level: 'info', msg: 'two\nlines', service: 'A', slot: 0 })
  })

  it('shows the rest of what holds something that JSON cannot', () => {
    const circular: Record<string, unknown> = { a: 1 }
    circular.self = circular
    const hostile = {
      get boom() {
        throw new Error('boom')
      },
      toJSON() {
        throw new Error('boom')
      },
    }
    let deep: unknown = 1n
    for (let depth = 0; depth < 20; depth++) deep = [deep]
    const parsed = JSON.parse(formatJsonLine(record({ msg: 'x', circular, big: 10n, hostile, deep, fn: () => 1 })))
    assert.equal(parsed.msg, 'x')
    assert.deepEqual(parsed.circular, { a: 1, self: '[circular]' })
    assert.equal(parsed.big, '10')
    assert.equal(parsed.hostile.boom, '[unreadable]')
    assert.match(JSON.stringify(parsed.deep), /too deep/)
  })
})

describe('formatPrettyLine', () => {
  it('shows time, level, service and slot, message and fields', () => {
    assert.equal(
      pretty({
        pid: 7,
        instance: 'i',
        service: 'Embedder',
        slot: 1,
        generation: 3,
        msg: 'ready',
        ms: 12,
        ok: true,
        path: '/a b',
      }),
      '09:05:07.042 INFO  Embedder#1 ready ms=12 ok=true path="/a b"\n',
    )
    assert.equal(
      pretty({ msg: 'listening', url: 'http://127.0.0.1:3000' }),
      '09:05:07.042 INFO  listening url=http://127.0.0.1:3000\n',
    )
    assert.equal(pretty({ left: undefined, err: 'text' }), '09:05:07.042 INFO  err=text\n')
  })

  it('indents stacks, with their causes and hints', () => {
    const err = {
      type: 'Error',
      stack: 'Error: outer\n    at a',
      hint: 'Do so.',
      origin: { service: 'Embedder', slot: 1, pid: 7 },
      cause: { type: 'TypeError', message: 'inner' },
    }
    assert.equal(
      pretty({ msg: 'failed', err }),
      '09:05:07.042 INFO  failed\n    Error: outer\n        at a\n    thrown in Embedder#1 (pid 7)\n    hint: Do so.\n    caused by TypeError: inner\n',
    )
    const loop: Record<string, unknown> = { stack: 'loop' }
    loop.cause = loop
    assert.ok(pretty({ err: loop }).split('\n').length < 15)
  })

  it('lets no text of a request start a line or paint the terminal', () => {
    const line = pretty({ msg: 'a\n09:00 ERROR fake\u001b[31m', path: '/\u001b]0;x\u0007' })
    assert.equal(line, '09:05:07.042 INFO  a\n    09:00 ERROR fake\\x1b[31m path="/\\u001b]0;x\\u0007"\n')
  })

  it('paints only when asked', () => {
    const colour = String.fromCharCode(27)
    assert.ok(formatPrettyLine(record({ msg: 'x' }), true).includes(colour))
    assert.equal(pretty({ msg: 'x' }).includes(colour), false)
  })
})
