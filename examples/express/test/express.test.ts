import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { npmScript } from '../../../test/helpers/npm-script.js'
import { startServing } from '../../../test/helpers/serving-command.js'

const EXAMPLE = fileURLToPath(new URL('..', import.meta.url))

test('npm start serves the classifier beside a route of the app that calls it', async () => {
  await using server = await startServing([npmScript(), 'start'], {
    cwd: EXAMPLE,
    env: { PORT: '0' },
    urlOf: (line) => /^curl -s (http:\S+)\/tickets /.exec(line)?.[1],
  })
  const post = (path: string, text: string): Promise<Response> =>
    fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
    })
  const ticket = await post('/tickets', 'My parcel should have come on Friday, and I am getting angry.')
  assert.equal(ticket.status, 201)
  assert.deepEqual(await ticket.json(), { queue: 'delivery', urgent: true })
  const answer = (await (await post('/ml/classify', 'Thank you, it is wonderful!')).json()) as { label: string }
  assert.equal(answer.label, 'thanks')
  assert.equal((await post('/ml/classify', '')).status, 400)
  assert.equal(await server.stop(), 0)
})
