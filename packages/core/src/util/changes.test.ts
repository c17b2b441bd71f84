import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Changes } from './changes.js'

test('whoever waits is told when a change has brought it about', async () => {
  const changes = new Changes()
  const told: string[] = []
  let count = 0
  await changes.until(() => count === 0)
  for (const wanted of [1, 2]) void changes.until(() => count >= wanted).then(() => told.push(`${wanted}`))
  changes.tell()
  await nextTurn()
  assert.deepEqual(told, [])
  for (const expected of [['1'], ['1', '2']]) {
    count++
    changes.tell()
    await nextTurn()
    assert.deepEqual(told, expected)
  }
})
