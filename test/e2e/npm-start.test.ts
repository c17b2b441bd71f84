import assert from 'node:assert/strict'
import { test } from 'node:test'
import { npmScript } from '../helpers/npm-script.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const START = [npmScript(), 'start', '--', '--port', '0', '--host', '127.0.0.1']

test('npm start serves the example, prints a line that works, and hands SIGTERM on', async () => {
  await using served = await startServing(START, {})
  const line = await waitUntil(() => /^curl -s (\S+) .*-d '(.*)'$/m.exec(served.stdout()) ?? undefined, {
    describe: () => `a line that works:\n${served.stdout()}`,
  })
  const [, url = '', body = ''] = line
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const answer = (await response.json()) as { label: string }
  assert.deepEqual([response.status, answer.label], [200, 'delivery'])
  assert.equal(await served.stop('SIGTERM'), 0)
})

test("a terminal's Ctrl-C, which reaches us and npm, which hands it on to us, is one stop", async () => {
  await using served = await startServing(START, {})
  process.kill(-served.pid, 'SIGINT')
  const { code, stdout } = await served.exited
  assert.equal(code, 0, stdout)
})
