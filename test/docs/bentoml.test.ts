import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { OPTIONS } from '../../packages/core/src/config/options.js'
import { shownFolder, shownPage } from '../helpers/bentoml-page.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

test('docs/bentoml.md shows a service twice, two clients, a caller and what each prints', () => {
  assert.deepEqual([...shownPage.files.keys()], ['service.py', 'service.js', 'call.py', 'call.mjs', 'front.js'])
  assert.deepEqual([...shownPage.outputs.keys()], ['call.py', 'call.mjs', 'curl'])
})

test("docs/bentoml.md shows our service called by our client; BentoML's are tried by the ring interop", async () => {
  await using folder = await shownFolder()
  const args = ['serve', 'service:Reader', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  await using server = await startServing([EKIBEN, ...args], { cwd: folder.path })
  await folder.write('call.mjs', server.url)
  const { stdout, stderr } = await runNodeToEnd(['call.mjs'], { cwd: folder.path })
  assert.deepEqual([stdout, stderr], [shownPage.outputs.get('call.mjs'), ''])
  assert.equal(await server.stop(), 0)
})

test('docs/bentoml.md names no flag that does not work, and none as missing that does', () => {
  const known = new Set([...OPTIONS.map(({ flag }) => `--${flag}`), '--set'])
  const flagsOf = (cell = '') => [...cell.matchAll(/--[a-z][a-z-]+/g)].map(([flag]) => flag)
  const unknown = shownPage.rows.flatMap(([, here]) => flagsOf(here)).filter((flag) => !known.has(flag))
  assert.deepEqual(unknown, [])
  const missing = shownPage.rows.filter(([, here = '']) => /^(?:–|not yet)/.test(here))
  assert.ok(missing.length > 10)
  assert.deepEqual(
    missing.flatMap(([theirs]) => flagsOf(theirs)).filter((flag) => known.has(flag)),
    [],
  )
})

test('docs/bentoml.md links to what is there', async () => {
  for (const [, target = ''] of shownPage.text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
    await access(join(import.meta.dirname, '../../docs', target))
  }
})
