import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProcStat } from './parse-proc-stat.js'

const AFTER = 'S 1 42 41 0 -1 4194304 100 0 0 0 5 3 0 0 20 0 11 0 987654 1000000 2000'

test('state, group and start time are fields 3, 5 and 22', () => {
  assert.deepEqual(parseProcStat(`42 (node) ${AFTER}`), { state: 'S', hasEnded: false, group: 42, startTime: '987654' })
})

test('a command with blanks and brackets does not shift the fields', () => {
  assert.deepEqual(parseProcStat(`42 (a) b (c)) ${AFTER}`), {
    state: 'S',
    hasEnded: false,
    group: 42,
    startTime: '987654',
  })
})

test('a process has ended when its last thread has', () => {
  const inState = (letter: string, threads: number): boolean | undefined =>
    parseProcStat(`42 (node) ${AFTER.replace('S', letter).replace(' 11 0 ', ` ${threads} 0 `)}`)?.hasEnded
  assert.equal(inState('Z', 11), false)
  assert.equal(inState('Z', 1), true)
  assert.equal(inState('Z', 0), true)
  assert.equal(inState('X', 1), true)
  assert.equal(inState('S', 1), false)
})

for (const text of ['', '42 (node', '42 (node) S 1 2', `42 (node) ${AFTER.replace('987654', 'x')}`]) {
  test(`another shape is nothing: '${text.slice(0, 20)}'`, () => {
    assert.equal(parseProcStat(text), undefined)
  })
}
