import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
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

test('docs/run.md shows the addresses that its command gives the workers', async () => {
  await using project = await projectFolder({ 'server.mjs': app })
  const [, shown = '', template = ''] =
    /^npx ekiben run server\.mjs --port 3000 (.*) --worker-listen '(.*)'$/m.exec(page) ?? []
  const paths = [...page.matchAll(/^ {2}server unix:(.*);$/gm)].map(([, socket]) => socket as string)
  assert.equal(paths.length, 2)
  // Its folder is the machine's.
  const here = (said: string): string => said.replace('/run/app', project.path)
  const flags = ['--port', '0', ...shown.split(' '), '--worker-listen', here(template), '--log-format', 'json']
  await using run = await startServing([EKIBEN, 'run', 'server.mjs', ...flags], { cwd: project.path })
  for (const socketPath of paths.map(here)) {
    const sent = request({ socketPath, path, agent: false }).end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    assert.equal(await text(answer), output)
  }
  assert.equal(await run.stop(), 0)
})
