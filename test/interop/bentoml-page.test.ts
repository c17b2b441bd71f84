import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NEEDS_BENTOML, runPython, serveBento } from '../helpers/bentoml.js'
import { type ShownFolder, shownFolder, shownPage } from '../helpers/bentoml-page.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const SERVE = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']

async function checkClients(url: string, folder: ShownFolder): Promise<void> {
  for (const name of ['call.py', 'call.mjs']) {
    await folder.write(name, url)
    assert.equal(await printedBy(name, folder.path), shownPage.outputs.get(name))
  }
}

async function printedBy(name: string, cwd: string): Promise<string> {
  if (name.endsWith('.mjs')) return (await runNodeToEnd([name], { cwd })).stdout
  await using run = await runPython([name], { cwd })
  const { stdout, stderr } = await run.exited
  return `${stdout}${stderr}`
}

describe('docs/bentoml.md shows', NEEDS_BENTOML, () => {
  it('what either client prints of our service', async () => {
    await using folder = await shownFolder()
    await using server = await startServing([EKIBEN, 'serve', 'service:Reader', ...SERVE], { cwd: folder.path })
    await checkClients(server.url, folder)
  })

  it("what either client prints of BentoML's, and what depends on that answers", async () => {
    await using folder = await shownFolder()
    await using server = await serveBento('service:Reader', { cwd: folder.path })
    await checkClients(server.url, folder)
    await folder.write('front.js', server.url)
    await using front = await startServing([EKIBEN, 'serve', 'front:Front', ...SERVE], { cwd: folder.path })
    const [, path, type = '', body = ''] =
      /^curl -s http:\/\/127\.0\.0\.1:3001(\S+) -H 'content-type: (\S+)' -d '(.*)'$/m.exec(shownPage.text) ?? []
    const answer = await fetch(`${front.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })
    assert.equal(`${await answer.text()}\n`, shownPage.outputs.get('curl'))
    assert.equal(await front.stop(), 0)
  })
})
