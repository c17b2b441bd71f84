import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { steer } from '../helpers/control-socket.js'
import { projectFolder } from '../helpers/project-folder.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

/** A port of its own beside that of its clients, where the file says so. */
const APP = `
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
const { own } = JSON.parse(readFileSync('ports.json', 'utf8'))
if (own !== undefined) createServer((_, response) => response.end('own')).listen(own, '127.0.0.1')
export const app = createServer((_, response) => response.end(String(process.pid)))
`
const FILES = {
  'package.json': { name: 'shop', type: 'module' },
  'ports.json': {},
  'app.js': APP,
  'run.js': `import { app } from './app.js'\napp.listen(process.env.PORT)`,
  'bootstrap.js': `
import { bootstrapProduction } from '@ekiben/core'
await bootstrapProduction(async () => (await import('./app.js')).app, { port: 0, host: '127.0.0.1', logFormat: 'json' })
`,
}

const WAYS: Readonly<Record<string, readonly string[]>> = {
  'ekiben run': [EKIBEN, 'run', 'run.js', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json'],
  bootstrapProduction: ['bootstrap.js'],
}

const ask = async (url: string): Promise<string> => (await fetch(url, { headers: { connection: 'close' } })).text()

describe('a reload to code that opens a port which something else has', () => {
  for (const [way, args] of Object.entries(WAYS)) {
    it(`is refused, and goes through when the port is free: ${way}`, async () => {
      await using project = await projectFolder(FILES)
      await using run = await startServing(args, { cwd: project.path, env: { NODE_ENV: 'production' } })
      const before = await ask(run.url)
      const other = createServer().listen(0, '127.0.0.1')
      await once(other, 'listening')
      const { port } = other.address() as AddressInfo
      await writeFile(join(project.path, 'ports.json'), JSON.stringify({ own: port }))
      const refused = await steer(run, ['reload'])
      assert.notEqual(refused.code, 0)
      assert.match(refused.stderr, /^EKB_ERR_RELOAD_REFUSED: /m)
      assert.match(refused.stderr + run.stdout() + run.stderr(), new RegExp(`127\\.0\\.0\\.1:${port}`))
      assert.equal(await ask(run.url), before)
      other.close()
      const { code, stderr } = await steer(run, ['reload'])
      assert.equal(code, 0, stderr)
      assert.notEqual(await ask(run.url), before)
      assert.equal(await ask(`http://127.0.0.1:${port}`), 'own')
      assert.equal(await run.stop(), 0)
    })
  }
})
