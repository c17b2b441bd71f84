import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runNodeToEnd } from '../helpers/run-node.js'

const SCRIPT = join(process.cwd(), 'scripts', 'configuration-doc.mjs')

test('docs/configuration.md has the table of options as the script makes it', async () => {
  const { code, stdout, stderr } = await runNodeToEnd([SCRIPT, '--check'])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^\d+ options/)
})
