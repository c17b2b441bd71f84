import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testService } from '@ekiben/core/testing'
import { Hello } from '../service.js'

test('it greets whoever is named, and the world else', async (t) => {
  const { client, close } = await testService(Hello)
  t.after(close)
  assert.deepEqual(await client.greet({ name: 'Ada' }), { message: 'Hello, Ada!' })
  assert.deepEqual(await client.greet({}), { message: 'Hello, world!' })
})
