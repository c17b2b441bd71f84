import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { runNode } from '../helpers/run-node.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const page = readFileSync(join(import.meta.dirname, '../../packages/express-adapter/README.md'), 'utf8')
const app = /^```js file=app\.mjs\n(.*?)^```$/ms.exec(page)?.[1]
const output = /^```json output\n(.*?)\n```$/ms.exec(page)?.[1]
const [, path = '', body = ''] = /^curl -s http:\/\/127\.0\.0\.1:3000(\S+) .* -d '(.*)'$/m.exec(page) ?? []

test('the README of the Express adapter shows an app that does what it says', async () => {
  assert.ok(app !== undefined && output !== undefined)
  const packages = ['express', '@ekiben/express-adapter']
  await using project = await projectFolder({ 'package.json': { type: 'module' }, 'app.mjs': app }, { packages })
  const port = await freePort()
  await using run = await runNode(['app.mjs'], { cwd: project.path, env: { PORT: String(port) } })
  const post = (): Promise<string | undefined> =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }).then(
      (response) => response.text(),
      () => undefined,
    )
  assert.equal(await waitUntil(post, { describe: 'the app to listen' }), output)
  assert.equal(run.stderr(), '')
})
