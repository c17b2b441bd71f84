import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { runNode, runNodeToEnd } from '../helpers/run-node.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const page = readFileSync(join(import.meta.dirname, '../../packages/nest-module/README.md'), 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```ts file=(\S+)\n(.*?)^```$/gms)].map(([, name, content]) => [name, content as string]),
)
const output = /^```json output\n(.*?)\n```$/ms.exec(page)?.[1]
const [, path = '', body = ''] = /^curl -s http:\/\/127\.0\.0\.1:3000(\S+) .* -d '(.*)'$/m.exec(page) ?? []

function project(more: Readonly<Record<string, string>> = {}): Promise<ProjectFolder> {
  const compilerOptions = { target: 'es2022', experimentalDecorators: true }
  return projectFolder(
    { 'package.json': { type: 'module' }, 'tsconfig.json': { compilerOptions }, ...files, ...more },
    { packages: ['@nestjs', '@ekiben/nest-module', 'tsx'] },
  )
}

const post = (url: string, sent: string, headers: Record<string, string> = {}): Promise<Response | undefined> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: sent }).catch(
    () => undefined,
  )

test('the README of the Nest module shows an app that does what it says', async () => {
  await using folder = await project()
  const port = await freePort()
  const env = { PORT: String(port) }
  await using run = await runNode(['--import', 'tsx', 'main.ts'], { cwd: folder.path, env })
  const response = await waitUntil(() => post(`http://127.0.0.1:${port}${path}`, body), {
    timeoutMs: 60_000,
    describe: () => `the app to listen; it said ${run.stdout()}${run.stderr()}`,
  })
  assert.equal(await response.text(), output)
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'Hello, from a controller!')
})

test('its guards and filters are at work', async () => {
  const main = (files['main.ts'] as string).replace('./app.module.js', './orders.module.js')
  await using folder = await project({ 'main.ts': main.replaceAll('AppModule', 'OrdersModule') })
  const port = await freePort()
  const env = { PORT: String(port) }
  await using run = await runNode(['--import', 'tsx', 'main.ts'], { cwd: folder.path, env })
  const place = (item: string, role: string) =>
    post(`http://127.0.0.1:${port}/place`, JSON.stringify({ item }), { 'x-role': role })
  const denied = await waitUntil(() => place('ink', 'guest'), {
    timeoutMs: 60_000,
    describe: () => `the app to listen; it said ${run.stdout()}${run.stderr()}`,
  })
  assert.equal(denied.status, 403)
  assert.equal(await (await place('ink', 'staff'))?.text(), '{"item":"ink"}')
  const refused = await place('tea', 'staff')
  assert.deepEqual([refused?.status, await refused?.text()], [409, '{"reason":"no tea left"}'])
})

test('its test passes, and fails where the override is left out', async () => {
  const args = ['--import', 'tsx', '--test', 'app.spec.ts']
  await using folder = await project()
  const passed = await runNodeToEnd(args, { cwd: folder.path })
  assert.equal(passed.code, 0, passed.stdout)
  const spec = (files['app.spec.ts'] as string).replace(/^ +\.(overrideProvider|useValue)\(.*\n/gm, '')
  await using without = await project({ 'app.spec.ts': spec })
  const failed = await runNodeToEnd(args, { cwd: without.path })
  assert.equal(failed.code, 1, failed.stdout)
  assert.match(failed.stdout, /Hello, from a controller!/)
})
