import assert from 'node:assert/strict'
import { once } from 'node:events'
import { symlink, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { makeAuthority } from '../helpers/certificates.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'
import { callSecurely, type TlsProject, tlsProject } from '../helpers/tls-project.js'

const LISTEN = 'listen(process.env.PORT ?? Number(process.env.TEST_PORT), process.env.BIND_HOST)'

/** What each framework says of a request: all must say that it came by HTTPS. */
const APPS: Readonly<Record<string, string>> = {
  'node.cjs': `
    require('node:http').createServer((req, res) => res.end(JSON.stringify({
      isSecure: req.socket.encrypted, from: req.socket.remoteAddress, version: req.httpVersion, pid: process.pid,
    }))).on('upgrade', (req, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: echo\\r\\n\\r\\n')
      socket.pipe(socket)
    }).${LISTEN}`,
  'fastify.cjs': `
    const app = require('fastify')()
    app.get('/', async (req) => ({ isSecure: req.protocol === 'https', from: req.ip, version: req.raw.httpVersion }))
    app.listen({ port: Number(process.env.PORT ?? process.env.TEST_PORT), host: process.env.BIND_HOST })`,
  'express.cjs': `
    const app = require('express')()
    app.get('/', (req, res) => res.json({ isSecure: req.secure, from: req.ip, version: req.httpVersion }))
    app.${LISTEN}`,
}

interface Said {
  readonly isSecure: boolean
  readonly from: string
  readonly version: string
}

async function appProject(files: Readonly<Record<string, string>> = APPS): Promise<TlsProject> {
  const project = await tlsProject({ 'package.json': { name: 'shop', type: 'module' }, ...files })
  for (const name of ['fastify', 'express'])
    await symlink(resolve('node_modules', name), project.file(`node_modules/${name}`))
  return project
}

function runApp(
  project: TlsProject,
  app: string,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ServingCommand> {
  const args = [EKIBEN, 'run', app, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  return startServing([...args, ...project.flags, ...flags], { cwd: project.path, env })
}

const NEEDLESS = /EKB_WRN_TLS_PASSWORD_UNUSED/

async function ask(project: TlsProject, url: string): Promise<Said> {
  const { status, body } = await callSecurely(`${url}/`, { ca: project.authority.cert, method: 'GET' })
  assert.equal(status, 200, body)
  return JSON.parse(body) as Said
}

describe('an app that is run by HTTPS', () => {
  for (const app of Object.keys(APPS)) {
    it(`sees that its requests are encrypted: ${app}`, async () => {
      await using project = await appProject()
      await using run = await runApp(project, app)
      assert.match(run.url, /^https:/)
      const { isSecure, from, version } = await ask(project, run.url)
      assert.deepEqual({ isSecure, from, version }, { isSecure: true, from: '127.0.0.1', version: '1.1' })
      assert.equal(await run.stop(), 0)
    })
  }

  it('is encrypted where the app says itself what it listens on', async () => {
    await using project = await appProject()
    const port = await freePort()
    const env = { TEST_PORT: String(port), BIND_HOST: '127.0.0.1', PORT: undefined }
    const args = [EKIBEN, 'run', 'node.cjs', '--log-format', 'json', ...project.flags]
    await using run = await startServing(args, { cwd: project.path, env })
    assert.equal(run.url, `https://127.0.0.1:${port}`)
    assert.equal((await ask(project, run.url)).isSecure, true)
  })

  it("is encrypted at its workers' own addresses as well", async () => {
    await using project = await appProject()
    await using run = await runApp(project, 'node.cjs', ['--worker-listen', `unix:${project.path}/{slot}.sock`])
    const own = { ca: project.authority.cert, method: 'GET', socketPath: project.file('0.sock') }
    const { status, body } = await callSecurely('https://127.0.0.1/', own)
    assert.deepEqual([status, (JSON.parse(body) as Said).isSecure], [200, true])
    assert.equal(await run.stop(), 0)
  })

  it('is told of a password that its key does not need', async () => {
    await using project = await appProject()
    await using run = await runApp(project, 'node.cjs', [], { EKIBEN_SSL_KEYFILE_PASSWORD: 'needless' })
    assert.match(run.stdout(), NEEDLESS)
    assert.equal((await ask(project, run.url)).isSecure, true)
  })

  it('keeps connections that are taken over', async () => {
    await using project = await appProject()
    await using run = await runApp(project, 'node.cjs')
    const headers = { connection: 'upgrade', upgrade: 'echo' }
    const sent = request(run.url, { ca: project.authority.cert, headers, agent: false }).end()
    const [, socket] = (await once(sent, 'upgrade')) as [IncomingMessage, TLSSocket]
    socket.write('hello')
    const [echoed] = (await once(socket, 'data')) as [Buffer]
    assert.equal(echoed.toString(), 'hello')
    const ended = once(socket, 'end')
    run.kill('SIGTERM')
    await ended
    socket.end()
    assert.equal((await run.exited).code, 0)
  })

  for (const [what, server] of [
    ['https', `require('node:https').createServer({}, () => {}).${LISTEN}`],
    ['http2', `require('node:http2').createServer(() => {}).${LISTEN}`],
    ['net', `require('node:net').createServer(() => {}).${LISTEN}`],
  ] as const) {
    it(`is refused where its server is not one of node:http, but of node:${what}`, async () => {
      await using project = await appProject({ 'app.cjs': server })
      const args = [EKIBEN, 'run', 'app.cjs', '--port', '0', '--host', '127.0.0.1', ...project.flags]
      const exit = await runNodeToEnd(args, { cwd: project.path })
      assert.equal(exit.code, 2, exit.stderr)
      assert.match(exit.stderr, /EKB_ERR_TLS_APP_SERVER: The app listens with a/)
    })
  }
})

const MAIN = (build: string, more: object = {}): string => `
import { bootstrapProduction } from '@ekiben/core'
import { createServer } from 'node:http'
await bootstrapProduction(${build}, {
  port: 0, host: '127.0.0.1', logFormat: 'json', sslCertfile: 'cert.pem', sslKeyfile: 'key.pem',
  sslKeyfilePassword: process.env.TEST_PASSWORD, ...${JSON.stringify(more)},
})`

const BUILDS: Readonly<Record<string, string>> = {
  server: '() => createServer((req, res) => res.end(JSON.stringify({ isSecure: req.socket.encrypted })))',
  handler: '() => (req, res) => res.end(JSON.stringify({ isSecure: req.socket.encrypted }))',
  fetch: `() => ({ fetch: (request) => Response.json({ isSecure: request.url.startsWith('https://') }) })`,
  fastify: `async () => {
    const app = (await import('fastify')).default()
    app.get('/', async (req) => ({ isSecure: req.protocol === 'https' }))
    return app
  }`,
  express: `async () => {
    const app = (await import('express')).default()
    app.get('/', (req, res) => res.json({ isSecure: req.secure }))
    return app
  }`,
}

for (const NODE_ENV of ['production', undefined]) {
  describe(`bootstrapProduction by HTTPS, ${NODE_ENV === undefined ? 'in one process' : 'supervised'}`, () => {
    for (const [form, build] of Object.entries(BUILDS)) {
      it(`encrypts what build returns: ${form}`, async () => {
        await using project = await appProject({ 'main.js': MAIN(build) })
        await using run = await startServing(['main.js'], { cwd: project.path, env: { NODE_ENV } })
        assert.match(run.url, /^https:/)
        assert.equal((await ask(project, run.url)).isSecure, true)
        assert.equal(await run.stop(), 0)
      })
    }

    it('warns of a password that its key does not need', async () => {
      await using project = await appProject({ 'main.js': MAIN(BUILDS.handler as string) })
      await using run = await startServing(['main.js'], {
        cwd: project.path,
        env: { NODE_ENV, TEST_PASSWORD: 'needless' },
      })
      assert.match(run.stdout(), NEEDLESS)
      assert.equal((await ask(project, run.url)).isSecure, true)
    })

    it('refuses a server that encrypts by itself, and a certificate that is none', async () => {
      const own = `async () => (await import('node:https')).createServer({})`
      await using project = await appProject({ 'main.js': MAIN(own) })
      const refused = await runNodeToEnd(['main.js'], { cwd: project.path, env: { NODE_ENV } })
      assert.equal(refused.code, 2, refused.stderr)
      assert.match(refused.stderr, /EKB_ERR_TLS_APP_SERVER/)
      await writeFile(project.file('cert.pem'), '')
      const bad = await runNodeToEnd(['main.js'], { cwd: project.path, env: { NODE_ENV } })
      assert.equal(bad.code, 2, bad.stderr)
      assert.match(bad.stderr, /EKB_ERR_TLS_FILE/)
    })
  })
}

const KNOWS_CLIENTS = `(request, response) => {
  const { authorized } = request.socket
  const name = request.socket.getPeerCertificate().subject?.CN ?? null
  response.end(JSON.stringify({ authorized, name }))
}`
const ASKS_CLIENTS = { sslCaCerts: 'ca.pem', sslClientCert: 'optional' }

/** Clients may show no certificate, or one of somebody else: the app is told. */
async function tellsClientsApart({ authority }: TlsProject, url: string): Promise<void> {
  const seen = async (shown: object): Promise<object> => {
    const { status, body } = await callSecurely(`${url}/`, { ca: authority.cert, method: 'GET', ...shown })
    assert.equal(status, 200, body)
    return JSON.parse(body) as object
  }
  const none = await seen({})
  const known = await seen(authority.issue('a client'))
  const strange = await seen(makeAuthority('Somebody Else').issue('a stranger'))
  assert.deepEqual(known, { authorized: true, name: 'a client' })
  assert.deepEqual(strange, {
    authorized: false,
    name: 'a stranger',
  })
  assert.deepEqual(none, { authorized: false, name: null })
}

describe('an app whose clients may show a certificate', () => {
  it('is told who has, by ekiben run', async () => {
    await using project = await appProject({
      'app.cjs': `require('node:http').createServer(${KNOWS_CLIENTS}).${LISTEN}`,
    })
    await using run = await runApp(project, 'app.cjs', ['--ssl-ca-certs', 'ca.pem', '--ssl-client-cert', 'optional'])
    await tellsClientsApart(project, run.url)
    assert.equal(await run.stop(), 0)
  })

  for (const NODE_ENV of ['production', undefined]) {
    it(`is told who has, by bootstrapProduction with NODE_ENV ${NODE_ENV}`, async () => {
      await using project = await appProject({ 'main.js': MAIN(`() => ${KNOWS_CLIENTS}`, ASKS_CLIENTS) })
      await using run = await startServing(['main.js'], { cwd: project.path, env: { NODE_ENV } })
      await tellsClientsApart(project, run.url)
      assert.equal(await run.stop(), 0)
    })
  }
})
