import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MovingDeadline } from './moving-deadline.js'

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('a deadline that is not to keep the process alive does not when it is set anew either', (t) => {
  const deadline = new MovingDeadline()
  t.after(() => deadline.clear())
  const before = timers()
  deadline.set(60_000)
  assert.equal(timers(), before + 1)
  deadline.unref()
  assert.equal(timers(), before)
  deadline.set(60_000)
  assert.equal(timers(), before)
})
