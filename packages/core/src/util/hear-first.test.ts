import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hearFirst } from './hear-first.js'

test('more time than a timer can take is not over at once', async () => {
  let isOver = false
  const callOff = hearFirst(2 ** 31, () => {
    isOver = true
  })
  await sleep(50)
  callOff()
  assert.ok(!isOver)
})
