import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { npmScript } from '../../../test/helpers/npm-script.js'
import { startServing } from '../../../test/helpers/serving-command.js'

const EXAMPLE = fileURLToPath(new URL('..', import.meta.url))

async function greet(url: string, body: string): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${url}/greet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return { status: response.status, answer: await response.json() }
}

test('npm start serves the ten-line service, and stops clean', async () => {
  await using hello = await startServing(
    [npmScript(), 'start', '--', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json'],
    {
      cwd: EXAMPLE,
    },
  )
  assert.deepEqual(await greet(hello.url, '{"name":"Ada"}'), { status: 200, answer: { message: 'Hello, Ada!' } })
  assert.deepEqual(await greet(hello.url, '{}'), { status: 200, answer: { message: 'Hello, world!' } })
  assert.equal((await greet(hello.url, '{"name":')).status, 400)
  assert.equal(await hello.stop(), 0)
})
