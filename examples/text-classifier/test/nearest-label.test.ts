import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestLabel } from '../lib/nearest-label.js'

const INDEX = [
  { label: 'north', text: 'up', vector: [0, 1] },
  { label: 'north', text: 'a little right of up', vector: [0.28, 0.96] },
  { label: 'east', text: 'right', vector: [1, 0] },
  { label: 'east', text: 'a little above right', vector: [0.96, 0.28] },
  { label: 'west', text: 'left', vector: [-1, 0] },
]

test('the label of the nearest sentences wins, and names the closest one', () => {
  const { label, score, nearest } = nearestLabel([0.1, 0.995], INDEX)
  assert.deepEqual({ label, nearest }, { label: 'north', nearest: 'up' })
  assert.ok(score > 0.5 && score < 1, `score ${score}`)
})

test('one close sentence loses against several that are nearly as close', () => {
  const crowd = Array.from({ length: 4 }, (_, i) => ({ label: 'crowd', text: `${i}`, vector: [0.8, 0.6] }))
  assert.equal(nearestLabel([1, 0], [{ label: 'one', text: 'one', vector: [1, 0] }, ...crowd]).label, 'crowd')
})

test('a sentence that points the other way has no vote', () => {
  const { label, score } = nearestLabel(
    [1, 0],
    [INDEX[2], INDEX[4]].filter((n) => n !== undefined),
  )
  assert.deepEqual({ label, score }, { label: 'east', score: 1 })
})

test('an empty index is an error, not an answer', () => {
  assert.throws(() => nearestLabel([1, 0], []), /no sentences/)
})
