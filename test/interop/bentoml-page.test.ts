import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NEEDS_BENTOML, runPython, serveBento } from '../helpers/bentoml.js'
import { type ShownFolder, shownFolder, shownPage } from '../helpers/bentoml-page.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

async function printedBy(name: string, url: string, folder: ShownFolder): Promise<string> {
  await folder.write(name, url)
  const options = { cwd: folder.path }
  if (name.endsWith('.mjs')) return (await runNodeToEnd([name], options)).stdout
  await using run = await runPython([name], options)
  const { stdout, stderr } = await run.exited
  return `${stdout}${stderr}`
}

describe('docs/bentoml.md shows what either client prints', NEEDS_BENTOML, () => {
  it('of our service', async () => {
    await using folder = await shownFolder()
    const args = ['serve', 'service:Reader', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
    await using server = await startServing([EKIBEN, ...args], { cwd: folder.path })
    for (const [name, output] of shownPage.outputs) assert.equal(await printedBy(name, server.url, folder), output)
  })

  it("of BentoML's", async () => {
    await using folder = await shownFolder()
    await using server = await serveBento('service:Reader', { cwd: folder.path })
    for (const [name, output] of shownPage.outputs) assert.equal(await printedBy(name, server.url, folder), output)
  })
})
