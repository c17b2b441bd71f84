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
import { freePort, openClient } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

/** A port of its own beside that of its clients, where the file says so. */
const APP = `
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
const { own, fails } = JSON.parse(readFileSync('ports.json', 'utf8'))
if (own !== undefined) {
  const server = createServer((_, response) => response.end('own')).listen(own, '127.0.0.1')
  if (fails) await new Promise(() => server.once('listening', () => { throw new Error('as it was told') }))
}
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

/** Nobody listens there, however long that takes. */
function untilRefused(port: number): Promise<unknown> {
  const isRefused = async (): Promise<boolean> => {
    using client = openClient('127.0.0.1', port)
    const outcome = await client.connected.catch((error: NodeJS.ErrnoException) => error.code)
    return outcome === 'ECONNREFUSED'
  }
  return waitUntil(isRefused, { describe: `connections to port ${port} refused` })
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

describe('a port beside that of the clients', () => {
  for (const [way, args] of Object.entries(WAYS)) {
    it(`is closed with the last worker whose code opens it, and opened again: ${way}`, async () => {
      const own = await freePort()
      await using project = await projectFolder({ ...FILES, 'ports.json': { own } })
      await using run = await startServing(args, { cwd: project.path, env: { NODE_ENV: 'production' } })
      assert.equal(await ask(`http://127.0.0.1:${own}`), 'own')
      for (const ports of [{}, { own }]) {
        await writeFile(join(project.path, 'ports.json'), JSON.stringify(ports))
        const { code, stderr } = await steer(run, ['reload'])
        assert.equal(code, 0, stderr)
        if (!('own' in ports)) await untilRefused(own)
      }
      assert.equal(await ask(`http://127.0.0.1:${own}`), 'own')
      assert.equal(await run.stop(), 0)
    })

    it(`is closed when the code that opened it is refused, and stays for that which serves: ${way}`, async () => {
      const [own, another] = [await freePort(), await freePort()]
      await using project = await projectFolder({ ...FILES, 'ports.json': { own } })
      await using run = await startServing(args, { cwd: project.path, env: { NODE_ENV: 'production' } })
      await writeFile(join(project.path, 'ports.json'), JSON.stringify({ own: another, fails: true }))
      assert.notEqual((await steer(run, ['reload'])).code, 0)
      await untilRefused(another)
      await writeFile(join(project.path, 'ports.json'), JSON.stringify({ own }))
      assert.equal((await steer(run, ['restart', 'shop'])).code, 0)
      assert.equal(await ask(`http://127.0.0.1:${own}`), 'own')
      assert.equal(await run.stop(), 0)
    })
  }
})
