import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(ROOT, 'docs/remote.md'), 'utf8')

const service = /^```ts file=service\.ts\n(.*?)^```$/ms.exec(page)?.[1] ?? ''
const outputs = new Map(
  [...page.matchAll(/^```text output=(\S+)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [name, text]),
)
const commands = [...page.matchAll(/^npx ekiben (.*)$/gm)].map(([, line = '']) => wordsOf(line))

/** A line of a shell, of words and of texts in single quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word)
}

test('docs/remote.md shows a graph on two machines as it is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-remote-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'package.json'), '{ "name": "shown", "type": "module" }')
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'service.ts'), service)
  const [only = [], rest = [], call = []] = commands
  assert.deepEqual([only[0], rest[0], call[0], commands.length], ['serve', 'serve', 'call', 3])
  const quiet = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']

  await using far = await startServing([EKIBEN, ...only.slice(0, -2), ...quiet], { cwd: folder })
  const depends = rest.slice(1, -2).map((word) => word.replace('http://127.0.0.1:3001', far.url))
  await using near = await startServing([EKIBEN, 'serve', ...depends, ...quiet], { cwd: folder })
  const asked = await runNodeToEnd([EKIBEN, 'call', near.url, ...call.slice(2)], { cwd: folder })
  assert.equal(asked.stdout, outputs.get('call'), asked.stderr)
  const graph = await runNodeToEnd([EKIBEN, 'graph', ...rest.slice(1, -2)], { cwd: folder })
  assert.equal(graph.stdout, outputs.get('graph'), graph.stderr)
  assert.equal(await near.stop(), 0)
  assert.equal(await far.stop(), 0)
})
