import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineLogger } from './line-logger.js'

test('a line logger puts fields behind the message, and gives the stack of an error apart', () => {
  const lines: unknown[] = []
  const to =
    (level: string) =>
    (...line: unknown[]) =>
      lines.push([level, ...line])
  const log = lineLogger({ debug: to('debug'), log: to('log'), warn: to('warn'), error: to('error') })
  log.info({}, 'started')
  log.child({ service: 'Embedder' }).warn({ slot: 2 }, 'slow')
  const err = new Error('no model')
  log.error({ err }, 'could not start')
  log.debug({ a: 1 })
  assert.deepEqual(lines, [
    ['log', 'started'],
    ['warn', 'slow {"service":"Embedder","slot":2}'],
    ['error', 'could not start', err.stack],
    ['debug', '{"a":1}'],
  ])
})
