import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSX = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href
const SHOWN = 'http://127.0.0.1:3000'

/** What the page shows: ```ts file=NAME, ```text output=NAME, and one command. */
const page = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8')
const files = fences('file')
const outputs = fences('output')
const command = /^```sh\n(npx ekiben call .*)\n```$/m.exec(page)?.[1] ?? ''

function fences(label: string): Map<string, string> {
  const found = page.matchAll(new RegExp(`^\`\`\`\\w+ ${label}=(\\S+)\\n(.*?)^\`\`\`$`, 'gms'))
  return new Map([...found].map(([, name = '', text = '']) => [name, text]))
}

test('docs/clients.md shows a service, two clients, a command and what each prints', () => {
  assert.deepEqual([...files.keys()], ['service.ts', 'call.ts', 'connect.mjs'])
  assert.deepEqual([...outputs.keys()], ['call.ts', 'connect.mjs', 'sh'])
  assert.match(command, /^npx ekiben call http:\S+ count '/)
})

test('docs/clients.md is true', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-clients-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'package.json'), '{ "name": "shown", "type": "module" }')
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'service.ts'), files.get('service.ts') ?? '')
  const args = ['serve', 'service:Texts', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  await using server = await startServing([EKIBEN, ...args], { cwd: folder })

  for (const name of ['call.ts', 'connect.mjs']) {
    await writeFile(join(folder, name), (files.get(name) ?? '').replaceAll(SHOWN, server.url))
    const { stdout, stderr } = await runNodeToEnd(['--import', TSX, name], { cwd: folder })
    assert.equal(stderr, '')
    assert.equal(stdout, outputs.get(name))
  }
  const [, api = '', input = ''] = /^npx ekiben call \S+ (\S+) '(.*)'$/.exec(command) ?? []
  const { stdout } = await runNodeToEnd([EKIBEN, 'call', server.url, api, input])
  assert.equal(stdout, outputs.get('sh'))
  assert.equal(await server.stop(), 0)
})
