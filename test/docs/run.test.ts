import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/run.md'), 'utf8')
const app = /^```js file=server\.mjs\n(.*?)^```$/ms.exec(page)?.[1] ?? ''
const [, flags = ''] = /^npx ekiben run server\.mjs --port 3000 (.*)$/m.exec(page) ?? []
const [, path = ''] = /^curl -s http:\/\/127\.0\.0\.1:3000(\S+)$/m.exec(page) ?? []
const output = /^```text output=curl\n(.*?)^```$/ms.exec(page)?.[1]

test('docs/run.md shows an app, a command and an answer, all of them true', async () => {
  await using project = await projectFolder({ 'server.mjs': app })
  const args = [EKIBEN, 'run', 'server.mjs', '--port', '0', ...flags.split(' '), '--log-format', 'json']
  await using run = await startServing(args, { cwd: project.path })
  assert.equal(await (await fetch(run.url + path)).text(), output)
  assert.equal(await run.stop(), 0)
})
