import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { appProject, mainFile } from '../helpers/bootstrap-app.js'
import { projectFolder } from '../helpers/project-folder.js'
import { type NodeRun, type RunNodeOptions, runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { callSecurely, tlsProject } from '../helpers/tls-project.js'
import { callOver, socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

const ACTIVATES = fileURLToPath(new URL('../fixtures/sockets/activates.cjs', import.meta.url))
const APPS = resolve('test/fixtures/apps')

const SERVICE = `
import { defineService } from '@ekiben/core'
export const Greeter = defineService(class Greeter { async who() { return {} } }, { apis: { who: {} } })
`
const SERVES = `
import { serveHttpProduction } from '@ekiben/core/serving'
const options = { identifier: 'service:Greeter', logFormat: 'json', handleSignals: true, readEnvironment: true }
await (await serveHttpProduction(options)).closed
`

/** An app below a service manager that passes one socket. Give it to `await using`. */
function activate(socket: object, args: readonly string[], options: RunNodeOptions): Promise<NodeRun> {
  return runNode([ACTIVATES, JSON.stringify({ sockets: [socket] }), ...args], options)
}

function said(run: NodeRun, msg: string) {
  return waitUntil(() => logLines(run.stdout()).find((line) => line.msg === msg), {
    timeoutMs: 30_000,
    describe: () => `'${msg}':\n${run.stdout()}${run.stderr()}`,
  })
}

/** Stops the app, not its manager, which says with what code it ended. */
async function stop(run: NodeRun): Promise<unknown> {
  process.kill(Number((await said(run, 'ready')).pid), 'SIGTERM')
  return (await said(run, 'ended')).code
}

interface App extends AsyncDisposable {
  readonly args: readonly string[]
  readonly options: RunNodeOptions
}

const WAYS: Readonly<Record<string, () => Promise<App>>> = {
  'ekiben run': async () => ({
    args: [EKIBEN, 'run', `${APPS}/plain.cjs`, '--log-format', 'json'],
    options: { env: { PORT: '4321' } },
    [Symbol.asyncDispose]: async () => {},
  }),
  bootstrapProduction: async () => {
    const options = '{ port: undefined, host: undefined, readEnvironment: true }'
    const project = await appProject(mainFile("() => createServer((_, res) => res.end('{}'))", { options }))
    return {
      args: ['main.js'],
      options: { cwd: project.path, env: { NODE_ENV: 'production' } },
      [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
    }
  },
  serveHttpProduction: async () => {
    const files = { 'package.json': { name: 'shop', type: 'module' }, 'service.js': SERVICE, 'serve.js': SERVES }
    const project = await projectFolder(files)
    return {
      args: ['serve.js'],
      options: { cwd: project.path },
      [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
    }
  },
}

for (const [way, make] of Object.entries(WAYS)) {
  describe(`${way}: a socket that a service manager passes`, () => {
    it('is the public one, whatever port it would listen on', async () => {
      await using app = await make()
      await using run = await activate({ port: 0 }, app.args, app.options)
      const [address] = (await said(run, 'listening')).addresses as { port: number }[]
      const { url } = await said(run, 'ready')
      assert.equal(url, `http://127.0.0.1:${address?.port}`)
      assert.equal((await call(String(url), 'who')).status, 200)
      assert.equal(await stop(run), 0)
    })

    it('is encrypted where a certificate is given', async () => {
      await using app = await make()
      await using project = await tlsProject()
      const env = { EKIBEN_SSL_CERTFILE: project.file('cert.pem'), EKIBEN_SSL_KEYFILE: project.file('key.pem') }
      await using run = await activate({ port: 0 }, app.args, { ...app.options, env: { ...app.options.env, ...env } })
      const [address] = (await said(run, 'listening')).addresses as { port: number }[]
      const { url } = await said(run, 'ready')
      assert.equal(url, `https://127.0.0.1:${address?.port}`)
      assert.equal((await callSecurely(`${url}/who`, { ca: project.authority.cert })).status, 200)
      assert.equal(await stop(run), 0)
    })

    it('may be a Unix socket', async () => {
      await using app = await make()
      await using at = await socketFolder()
      await using run = await activate({ path: at.socket }, app.args, app.options)
      assert.equal((await said(run, 'ready')).url, `unix:${at.socket}`)
      assert.equal((await callOver(at.socket, 'who')).status, 200)
      assert.equal(await stop(run), 0)
    })
  })
}

describe('a server on a socket that a service manager passes', () => {
  for (const [kind, socketIn] of [
    ['TCP', () => ({ port: 0 })],
    ['Unix', (path: string) => ({ path })],
  ] as const) {
    it(`may close and listen again: ${kind}`, async () => {
      await using at = await socketFolder()
      const args = [EKIBEN, 'run', `${APPS}/listens-again.cjs`, '--log-format', 'json']
      await using run = await activate(socketIn(at.socket), args, { env: { PORT: '4321' } })
      const { url } = await said(run, 'ready')
      const words = (what: string) => run.stdout().split(`{"said":"${what}"`).length - 1
      const [, pid] = /"said":"listening","pid":(\d+)/.exec(run.stdout()) ?? []
      process.kill(Number(pid), 'SIGALRM')
      await waitUntil(() => words('closed') === 1, { describe: 'it to close' })
      process.kill(Number(pid), 'SIGALRM')
      await waitUntil(() => words('listening') === 2, { describe: 'it to listen again' })
      const { status } = kind === 'TCP' ? await call(String(url), '') : await callOver(at.socket, '')
      assert.equal(status, 200)
      assert.equal(await stop(run), 0)
    })
  }
})
