import assert from 'node:assert/strict'
import { it } from 'node:test'
import { deferred } from '../util/deferred.js'
import { lateLogger } from './late-logger.js'
import type { Logger } from './logger.js'

/** Keeps what it is told. */
function keeper(lines: unknown[], bindings: object = {}): Logger {
  const at = (level: string) => (fields: object, message?: string) =>
    void lines.push([level, { ...bindings, ...fields }, message])
  const child = (more: object): Logger => keeper(lines, { ...bindings, ...more })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child }
}

it('a late logger says in order what it was told before it was known, and at once what it is told then', async () => {
  const lines: unknown[] = []
  const known = deferred<Logger>()
  const log = lateLogger(known.promise)
  const child = log.child({ service: 'A' })
  log.info({ at: 1 }, 'one')
  child.error({ at: 2 }, 'two')
  assert.deepEqual(lines, [])
  known.resolve(keeper(lines))
  await known.promise
  // A child of one that is late is late by a turn more.
  await new Promise(setImmediate)
  child.debug({ at: 3 }, 'three')
  log.child({ service: 'B' }).warn({ at: 4 })
  assert.deepEqual(lines, [
    ['info', { at: 1 }, 'one'],
    ['error', { service: 'A', at: 2 }, 'two'],
    ['debug', { service: 'A', at: 3 }, 'three'],
    ['warn', { service: 'B', at: 4 }, undefined],
  ])
})
