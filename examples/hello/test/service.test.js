import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testService } from '@ekiben/core/testing'
import { Hello } from '../service.js'

test('it greets whoever is named, and the world else', async () => {
  await using tested = await testService(Hello)
  assert.deepEqual(await tested.client.greet({ name: 'Ada' }), { message: 'Hello, Ada!' })
  assert.deepEqual(await tested.client.greet({}), { message: 'Hello, world!' })
})
