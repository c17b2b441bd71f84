import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { npmScript } from '../../../test/helpers/npm-script.js'
import { startServing } from '../../../test/helpers/serving-command.js'

const CLI = fileURLToPath(new URL('../../../packages/core/bin/ekiben.js', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('..', import.meta.url))
const LOOPBACK = ['--host', '127.0.0.1', '--port', '0']

const MESSAGES = [
  { text: 'My parcel should have come on Friday, and I am getting angry.', label: 'delivery', mood: 'negative' },
  { text: '<p>The teapot is broken, how do I send it back?</p>', label: 'returns', mood: 'negative' },
  { text: 'Could you mail me the invoice again?\n-- \nA. Lee', label: 'payment', mood: 'neutral' },
  { text: 'Thank you, it is wonderful!', label: 'thanks', mood: 'positive' },
]

interface Answer {
  readonly label: string
  readonly score: number
  readonly nearest: string
  readonly mood: string
}

async function classify(url: string, text: string): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(`${url}/classify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  })
  return { status: response.status, answer: (await response.json()) as Answer }
}

test('messages are classified through the whole graph, by the command', async () => {
  const args = ['serve', 'service:TextClassifier', '--api-workers', '2', ...LOOPBACK, '--log-format', 'json']
  await using server = await startServing([CLI, ...args], { cwd: EXAMPLE })
  for (const { text, label, mood } of MESSAGES) {
    const { status, answer } = await classify(server.url, text)
    assert.equal(status, 200)
    assert.deepEqual({ label: answer.label, mood: answer.mood }, { label, mood }, `${text}: near "${answer.nearest}"`)
    assert.ok(answer.score > 0 && answer.score <= 1, `score ${answer.score}`)
  }
  assert.equal((await classify(server.url, '   ')).status, 400)
  assert.equal(await server.stop(), 0)
})

test('npm start serves it from code, prints a curl line that works, and stops clean', async () => {
  await using server = await startServing([npmScript(), 'start', '--', ...LOOPBACK], {
    cwd: EXAMPLE,
    urlOf: (line) => /^curl -s (http:\S+)\/classify /.exec(line)?.[1],
  })
  const line = server
    .stdout()
    .split('\n')
    .find((line) => line.startsWith('curl '))
  const text = /-d '\{"text":"(.+)"\}'$/.exec(line ?? '')?.[1]
  assert.ok(text, `no text in ${line}`)
  const { status, answer } = await classify(server.url, text)
  assert.deepEqual({ status, label: answer.label }, { status: 200, label: 'delivery' })
  assert.equal(await server.stop('SIGINT'), 0)
})
