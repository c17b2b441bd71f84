import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monotonicMs } from '../util/monotonic.js'
import { DeadlineWheel } from './deadline-wheel.js'

/** Those that keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

test('deadlines that are awaited keep the process alive, once it wants to end no others', () => {
  const wheel = new DeadlineWheel<string>(() => assert.fail('none of them passes'))
  const before = timers()
  const soon = monotonicMs() + 60_000
  const later = soon + 60_000
  wheel.add('one', soon)
  wheel.delete('one', soon)
  wheel.unref()
  assert.equal(timers(), before)
  wheel.add('two', soon)
  wheel.add('three', later)
  assert.equal(timers(), before + 1)
  wheel.delete('two', soon)
  assert.equal(timers(), before + 1)
  wheel.delete('three', later)
  assert.equal(timers(), before)
})

test('what comes after an empty moment expires', async () => {
  let expire: (item: string) => void = () => {}
  const expired = new Promise<string>((resolve) => {
    expire = resolve
  })
  const wheel = new DeadlineWheel<string>((item) => expire(item))
  wheel.unref()
  const at = monotonicMs() + 60_000
  wheel.add('one', at)
  wheel.delete('one', at)
  wheel.add('two', at)
  wheel.add('three', monotonicMs() + 10)
  assert.equal(await expired, 'three')
  wheel.close()
})
