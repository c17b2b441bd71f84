/** Sockets that a service manager passes (`LISTEN_FDS`), in development mode. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { type NodeRun, runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const ACTIVATES = fileURLToPath(new URL('../fixtures/sockets/activates.cjs', import.meta.url))
const SERVICE = `
import { defineService } from '@ekiben/core'
export const Greeter = defineService(class Greeter { async greet() { return { own: process.pid } } }, { apis: { greet: {} } })
`
const LISTENER = '(request, response) => { request.resume(); response.end(JSON.stringify({ own: process.pid })) }'
const APP = `
import { createServer } from 'node:http'
createServer(${LISTENER}).listen(process.env.PORT)
`
const BOOTSTRAP = `
import { bootstrapProduction } from '@ekiben/core'
await bootstrapProduction(() => ${LISTENER}, { port: 1, logFormat: 'json', readEnvironment: true })
`
const FLAGS = ['--development', '--log-format', 'json']

const SERVES = `
import { serveHttpProduction } from '@ekiben/core/serving'
const options = { identifier: 'service:Greeter', developmentMode: true, handleSignals: true, readEnvironment: true }
await (await serveHttpProduction({ ...options, logFormat: 'json' })).closed
`

/** What each is started with. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'ekiben serve': [EKIBEN, 'serve', 'service:Greeter', ...FLAGS],
  'ekiben serve with reload': [EKIBEN, 'serve', 'service:Greeter', '--reload', ...FLAGS],
  'ekiben run': [EKIBEN, 'run', 'app.js', ...FLAGS],
  bootstrapProduction: ['bootstrap.js'],
  serveHttpProduction: ['serve.js'],
}

function project(): Promise<ProjectFolder> {
  const files = { 'service.js': SERVICE, 'app.js': APP, 'bootstrap.js': BOOTSTRAP, 'serve.js': SERVES }
  return projectFolder({ 'package.json': { name: 'app', type: 'module' }, ...files })
}

/** Under a service manager that passes so many sockets. Give it to `await using`. */
function activate(command: readonly string[], { path }: ProjectFolder, sockets = 1): Promise<NodeRun> {
  const manager = { sockets: Array(sockets).fill({ port: 0 }) }
  return runNode([ACTIVATES, JSON.stringify(manager), ...command], { cwd: path, env: { NODE_ENV: undefined } })
}

/** The line with this message. */
function said(run: NodeRun, msg: string): Promise<Record<string, unknown>> {
  return waitUntil(() => logLines(run.stdout()).find((line) => line.msg === msg), {
    timeoutMs: 30_000,
    describe: () => `'${msg}':\n${run.stdout()}${run.stderr()}`,
  })
}

describe('a socket that a service manager passes, in development mode', () => {
  for (const [name, command] of Object.entries(WAYS)) {
    it(`is the public one of ${name}, whose code runs in a process of its own`, async () => {
      await using at = await project()
      await using run = await activate(command, at)
      const [{ port }] = (await said(run, 'listening')).addresses as [{ port: number }]
      const { url } = await said(run, 'ready')
      assert.equal(url, `http://127.0.0.1:${port}`)
      const { pid: first } = await said(run, 'starting')
      const { own } = (await call<{ own: number }>(String(url), 'greet')).body
      assert.notEqual(own, first)
      process.kill(Number(first), 'SIGTERM')
      assert.equal((await said(run, 'ended')).code, 0, run.stdout() + run.stderr())
    })
  }

  it('is not guessed among several', async () => {
    await using at = await project()
    await using run = await activate(['bootstrap.js'], at, 2)
    assert.equal((await said(run, 'ended')).code, 2, run.stdout() + run.stderr())
    assert.match(run.stderr(), /EKB_ERR_SOCKET_ACTIVATION/)
  })
})
