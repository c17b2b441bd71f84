import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pickWorker } from './pick-worker.js'

const loads = (...numbers: number[]) => numbers.map((load, index) => ({ load, index }))
const sequence = (...numbers: number[]) => {
  let at = 0
  return () => numbers[at++ % numbers.length] as number
}

test('none to pick from', () => {
  assert.equal(pickWorker([], { random: Math.random, leastBusy: false }), undefined)
  assert.equal(pickWorker([], { random: Math.random, leastBusy: true }), undefined)
})

test('of two random ones, always two different, the less busy', () => {
  for (let first = 0; first < 1; first += 0.1) {
    for (let second = 0; second < 1; second += 0.1) {
      const picked = pickWorker(loads(3, 1), { random: sequence(first, second), leastBusy: false })
      assert.equal(picked?.index, 1)
    }
  }
  assert.equal(pickWorker(loads(5, 0, 4), { random: sequence(0, 0.99), leastBusy: false })?.index, 2)
})

test('the least busy of all, ties spread by the random start', () => {
  assert.equal(pickWorker(loads(5, 3, 0, 4), { random: () => 0.99, leastBusy: true })?.index, 2)
  assert.equal(pickWorker(loads(1, 1, 1), { random: () => 0.5, leastBusy: true })?.index, 1)
})

test('over many calls each worker gets its share', () => {
  const workers = loads(0, 0, 0, 0)
  for (let call = 0; call < 4000; call++) {
    const picked = pickWorker(workers, { random: Math.random, leastBusy: false })
    if (picked !== undefined) picked.load++
  }
  for (const { load } of workers) assert.ok(load > 900 && load < 1100, `${load} of 4000 calls`)
})
