import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { runNode } from '../helpers/run-node.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/adapters.md'), 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```js file=(\S+)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [name, text]),
)
const output = /^```json output=greet\n(.*?)\n```$/ms.exec(page)?.[1]
const command = /^curl -s http:\/\/127\.0\.0\.1:3000(\S+) -H 'content-type: application\/json' -d '(.*)'$/m.exec(page)

test('docs/adapters.md makes an adapter for Koa, an app, a command and its answer', () => {
  assert.deepEqual(Object.keys(files), ['koa-ekiben.mjs', 'app.mjs', 'service.mjs'])
  assert.ok(command !== null && output !== undefined)
})

test('docs/adapters.md is true', async () => {
  await using project = await projectFolder({ 'package.json': { type: 'module' }, ...files }, { packages: ['koa'] })
  const port = await freePort()
  await using app = await runNode(['app.mjs'], { cwd: project.path, env: { PORT: String(port) } })
  const [, path = '', body = ''] = command ?? []
  const url = `http://127.0.0.1:${port}`
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
  await waitUntil(
    () =>
      fetch(`${url}/other`).then(
        () => true,
        () => false,
      ),
    { timeoutMs: 60_000, describe: () => `the app to listen; it said ${app.stdout()}${app.stderr()}` },
  )
  assert.equal(await (await fetch(`${url}${path}`, init)).text(), output)
  assert.equal(await (await fetch(`${url}/other`)).text(), 'no service: /other')
  assert.equal((await fetch(`${url}${path}`, { ...init, body: '{}' })).status, 400)
  app.kill('SIGTERM')
  assert.deepEqual(await app.exited, { code: 0, signal: null, stdout: '', stderr: '' })
})
