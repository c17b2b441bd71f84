import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { runNode, runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const page = readFileSync(join(import.meta.dirname, '../../packages/express-adapter/README.md'), 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```js file=(\S+)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [name, text]),
)
const output = /^```json output\n(.*?)\n```$/ms.exec(page)?.[1]
const [, path = '', body = ''] = /^curl -s http:\/\/127\.0\.0\.1:3000(\S+) .* -d '(.*)'$/m.exec(page) ?? []
const packages = ['express', '@ekiben/express-adapter']

test('the README of the Express adapter shows an app that does what it says', async () => {
  assert.deepEqual(Object.keys(files), ['app.mjs', 'build-app.mjs', 'build-app.test.mjs', 'server.mjs', 'main.mjs'])
  assert.ok(output !== undefined)
  await using project = await projectFolder({ ...files, 'package.json': { type: 'module' } }, { packages })
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
  const describe = () => `the app to listen; it said ${run.stdout()}${run.stderr()}`
  assert.equal(await waitUntil(post, { timeoutMs: 60_000, describe }), output)
  assert.equal(run.stderr(), '')
})

test('its recipes do what their test says', async () => {
  await using project = await projectFolder(files, { packages })
  const { code, stdout } = await runNodeToEnd(['--test', 'build-app.test.mjs'], { cwd: project.path })
  assert.equal(code, 0, stdout)
  assert.match(stdout, /pass 1\n/)
})

test('its app stops as it says, by itself and under ekiben run', async () => {
  await using project = await projectFolder(files, { packages })
  const port = String(await freePort())
  const price = () => fetch(`http://127.0.0.1:${port}/price/tea`, { headers: { connection: 'close' } })
  await using alone = await runNode(['server.mjs'], { cwd: project.path, env: { PORT: port } })
  const answer = await waitUntil(() => price().catch(() => undefined), { timeoutMs: 60_000, describe: alone.stderr })
  assert.deepEqual(await answer.json(), { price: 3 })
  alone.kill('SIGTERM')
  assert.deepEqual(await alone.exited.then(({ code, signal }) => [code, signal]), [0, null])
  const [flags = ''] = /(?<=`ekiben run server\.mjs )[^`]+/.exec(page) ?? []
  const args = [...flags.replace('3000', port).split(' '), '--host', '127.0.0.1', '--log-format', 'json']
  await using run = await startServing([EKIBEN, 'run', 'server.mjs', ...args], { cwd: project.path })
  assert.deepEqual(await (await price()).json(), { price: 3 })
  assert.equal(await run.stop(), 0, run.stdout() + run.stderr())
})

for (const [what, NODE_ENV] of [
  ['a supervisor', 'production'],
  ['one process', undefined],
] as const) {
  test(`its main file starts ${what}`, async () => {
    await using project = await projectFolder({ ...files, 'package.json': { name: 'shop' } }, { packages })
    const port = await freePort()
    const env = { PORT: String(port), NODE_ENV }
    await using run = await startServing(['main.mjs'], { cwd: project.path, env })
    assert.deepEqual(await (await fetch(`http://127.0.0.1:${port}/price/tea`)).json(), { price: 3 })
    assert.equal(await run.stop(), 0, run.stdout() + run.stderr())
  })
}
