import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { layerFromData } from '../../packages/core/src/config/layer-from-data.js'
import { shownBy } from '../helpers/control-socket.js'
import { projectFolder } from '../helpers/project-folder.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const text = readFileSync(join(import.meta.dirname, '../../docs/threads.md'), 'utf8')

function block(language: string): string {
  const [, code] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(text) ?? []
  return code ?? assert.fail(`no block of ${language}`)
}

describe('docs/threads.md', () => {
  it('declares a service whose workers are threads', async () => {
    const code = `import { defineService } from '@ekiben/core'\n${block('js')}`
    await using project = await projectFolder({ 'package.json': { type: 'module' }, 'service.js': code })
    const flags = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
    await using server = await startServing([EKIBEN, 'serve', 'service:Embedder', ...flags], { cwd: project.path })
    assert.deepEqual((await call(server.url, 'embed', { texts: ['four'] })).body, [[4]])
    const [worker] = (await shownBy(server))[0]?.services[0]?.workers ?? []
    assert.ok(Number(worker?.threadId) > 0)
    assert.equal(await server.stop(), 0)
  })

  it('shows settings that a configuration file takes, and the flag', () => {
    const entries = [...layerFromData(JSON.parse(block('json')), 'file', 'docs/threads.md')]
    assert.deepEqual(
      entries.map(({ path, value }) => [path.join('.'), value]),
      [
        ['services.Embedder.threads', true],
        ['services.Renderer.threads', false],
      ],
    )
    assert.match(block('sh'), /^ekiben serve service:TextClassifier --threaded$/m)
  })
})
