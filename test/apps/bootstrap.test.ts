import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { request as requestTls } from 'node:https'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { appVariables } from '../helpers/app-variables.js'
import { appProject, failApp, type Mode, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { type Issued, makeAuthority } from '../helpers/certificates.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const MODES: readonly Mode[] = ['supervised', 'one process']
const WITH_ECHO = "import { Echo } from './services.js'"

/** With a certificate that the test made. */
const HTTPS = `
import https from 'node:https'
const identity = { cert: process.env.TEST_CERT, key: process.env.TEST_KEY }`

/** On a connection of its own. */
async function ask(run: ServingCommand, path = '/', body?: string): Promise<string> {
  const sent = request(`${run.url}${path}`, { agent: false, method: body === undefined ? 'GET' : 'POST' }).end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return text(answer)
}

async function askSecurely({ url }: ServingCommand, { cert: ca }: Issued): Promise<string> {
  const { port } = new URL(url)
  const sent = requestTls({ port, host: '127.0.0.1', servername: 'localhost', ca, agent: false }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return text(answer)
}

interface Kind {
  readonly build: string
  readonly imports?: string
  readonly packages?: readonly string[]
  /** It speaks TLS itself. */
  readonly secure?: boolean
}

/** Every kind of app: what `build` is, and what it needs. */
const KINDS: Readonly<Record<string, Kind>> = {
  'a Fastify instance': {
    imports: "import fastify from 'fastify'",
    build: "async () => { const app = fastify(); app.get('/', async () => 'yes'); return app }",
    packages: ['fastify'],
  },
  'an Express app': {
    imports: "import express from 'express'",
    build: "() => { const app = express(); app.get('/', (_, res) => res.send('yes')); return app }",
    packages: ['express'],
  },
  'an Express 4 app': {
    imports: "import express from 'express4'",
    build: "() => { const app = express(); app.get('/', (_, res) => res.send('yes')); return app }",
    packages: ['express4'],
  },
  'a Koa app': {
    imports: "import Koa from 'koa'",
    build: "() => { const app = new Koa(); app.use((context) => { context.body = 'yes' }); return app }",
    packages: ['koa'],
  },
  'a server of node:https': {
    imports: HTTPS,
    build: "() => https.createServer(identity, (_, res) => res.end('yes'))",
    secure: true,
  },
  'a server of node:https with something to close': {
    imports: HTTPS,
    build:
      "() => ({ server: https.createServer(identity, (_, res) => res.end('yes')), close: () => console.log('closed it') })",
    secure: true,
  },
  'a server of node:http': { build: "() => createServer((_, res) => res.end('yes'))" },
  'a server with something to close': {
    build: "() => ({ server: createServer((_, res) => res.end('yes')), close: () => console.log('closed it') })",
  },
  'an app with fetch': { build: "() => ({ fetch: async () => new Response('yes') })" },
  'a request handler': { build: "() => (_, res) => res.end('yes')" },
}

describe('bootstrapProduction', () => {
  for (const mode of MODES) {
    for (const [kind, { build, imports = '', packages = [], secure = false }] of Object.entries(KINDS)) {
      it(`serves ${kind} (${mode})`, async () => {
        await using project = await appProject(mainFile(build, { imports }), packages)
        const authority = makeAuthority()
        const { cert, key } = authority.issue('localhost')
        await using run = await startApp(project, mode, { env: { TEST_CERT: cert, TEST_KEY: key } })
        assert.equal(secure ? await askSecurely(run, authority) : await ask(run), 'yes')
        assert.equal(await run.stop(), 0)
        assert.equal(run.stdout().match(/^closed it$/gm)?.length ?? 0, build.includes('closed it') ? 1 : 0)
      })
    }

    it(`closes the app when its last request is answered (${mode})`, async () => {
      const build = `() => ({
        server: createServer((_, res) => {
          console.log('arrived')
          setTimeout(() => { console.log('answered'); res.end('late') }, 300)
        }),
        close: () => console.log('closed it'),
      })`
      await using project = await appProject(mainFile(build))
      await using run = await startApp(project, mode)
      const answer = ask(run)
      await waitUntil(() => run.stdout().includes('arrived'), { describe: 'the request to arrive' })
      assert.equal(await run.stop(), 0)
      assert.equal(await answer, 'late')
      const lines = run.stdout().split('\n')
      assert.ok(lines.indexOf('closed it') > lines.indexOf('answered'), run.stdout())
    })

    it(`gives build a client, a slot and a signal (${mode})`, async () => {
      const build = `({ client, slot, signal }) => {
        const echo = client(Echo)
        signal.addEventListener('abort', () => console.log('leaving'))
        return async (_, res) => res.end(JSON.stringify({ slot, pid: process.pid, said: await echo.say({ text: 'a' }) }))
      }`
      await using project = await appProject(mainFile(build, { imports: WITH_ECHO }))
      await using run = await startApp(project, mode)
      const answer = JSON.parse(await ask(run)) as { slot: number; pid: number; said: { text: string; pid: number } }
      assert.equal(answer.slot, 0)
      assert.equal(answer.said.text, 'a')
      // One process means one.
      assert.equal(answer.said.pid === answer.pid, mode === 'one process')
      assert.equal(await run.stop(), 0)
      assert.match(run.stdout(), /^leaving$/m)
    })

    it(`runs services that the main file declares itself (${mode})`, async () => {
      const imports = `
        import { defineService } from '@ekiben/core'
        console.log('top of the file in ' + process.pid)
        const Own = defineService(class Own { async pid() { return process.pid } }, { apis: { pid: {} } })`
      const build =
        '({ client }) => { const own = client(Own); return async (_, res) => res.end(String(await own.pid())) }'
      await using project = await appProject(mainFile(build, { imports }))
      await using run = await startApp(project, mode)
      const pid = await ask(run)
      // That it is ready is said before whoever awaits it is told.
      await waitUntil(() => run.stdout().includes('"resolved"'), { describe: 'the server, where that is' })
      assert.equal(await run.stop(), 0)
      assert.match(run.stdout(), new RegExp(`^top of the file in ${pid}$`, 'm'))
      assert.equal(run.stdout().match(/"resolved"/g)?.length, 1, run.stdout())
    })

    it(`says which mode, and why; resolves with the server where that is (${mode})`, async () => {
      await using project = await appProject(mainFile('() => (_, res) => res.end(String(process.pid))'))
      await using run = await startApp(project, mode)
      // What the app prints itself may overtake it.
      const first = await waitUntil(() => logLines(run.stdout()).find(({ msg }) => msg === 'starting'))
      const why = mode === 'supervised' ? 'NODE_ENV is production' : 'NODE_ENV is not production'
      assert.deepEqual([first.mode, first.why], [mode, why])
      const resolved = await waitUntil(() => logLines(run.stdout()).find((line) => 'resolved' in line))
      assert.deepEqual([resolved.resolved, resolved.pid], [run.url, run.pid])
      assert.equal((await ask(run)) === String(run.pid), mode === 'one process')
      assert.equal(await run.stop(), 0)
    })
  }

  it('runs the main file once a worker, with its arguments and the flags of Node', async () => {
    const build = `() => (_, res) => res.end(JSON.stringify({
      pid: process.pid, args: process.argv.slice(2), flags: process.execArgv, port: process.env.PORT,
      ours: Object.keys(process.env).filter((name) => name.startsWith('EKIBEN_')).sort(),
    }))`
    await using project = await appProject(mainFile(build, { options: '{ apiWorkers: 2 }' }))
    await using run = await startServing(['--enable-source-maps', 'main.js', 'one', '--two'], {
      cwd: project.path,
      env: { NODE_ENV: 'production' },
    })
    const seen = new Set<number>()
    await waitUntil(async () => {
      const { pid, ...facts } = JSON.parse(await ask(run)) as { pid: number } & Record<string, unknown>
      assert.deepEqual(facts, {
        args: ['one', '--two'],
        flags: ['--enable-source-maps'],
        port: new URL(run.url).port,
        ours: appVariables(),
      })
      return seen.add(pid).size === 2
    })
    assert.ok(!seen.has(run.pid), 'the supervisor has built the app')
    assert.equal(await run.stop(), 0)
  })

  it('has a call that is made in build wait for its pool', async () => {
    const build = `async ({ client }) => {
      const { text } = await client(Echo).say({ text: 'while building' })
      return (_, res) => res.end(text)
    }`
    await using project = await appProject(mainFile(build, { imports: WITH_ECHO, options: '{ apiWorkers: 2 }' }))
    await using run = await startApp(project, 'supervised')
    assert.equal(await ask(run), 'while building')
    assert.equal(await run.stop(), 0)
  })

  it('starts what is asked for after such a call, before it accepts', async () => {
    const imports = `
      import { defineService } from '@ekiben/core'
      import { setTimeout as sleep } from 'node:timers/promises'
      const make = (name, dependencies) => defineService(
        class { async onStart() { await sleep(300) } async say() { return [name, ...(this.below ? await this.below.say() : [])] } },
        { name, apis: { say: {} }, dependencies },
      )
      const [First, Below] = [make('First', {}), make('Below', {})]
      const Second = make('Second', { below: Below })`
    const build = `async ({ client, slot }) => {
      const first = await client(First).say()
      const second = client(Second)
      const said = slot === 0 ? await second.say() : []
      return async (_, res) => res.end(JSON.stringify([...first, ...said, ...(await second.say())]))
    }`
    const options = '{ apiWorkers: 2, workers: { First: 2, Second: 2 } }'
    await using project = await appProject(mainFile(build, { imports, options }))
    await using run = await startApp(project, 'supervised')
    const answers = new Set<string>()
    await waitUntil(async () => answers.add(await ask(run)).size === 2, { describe: 'an answer of each worker' })
    const below = ['Second', 'Below']
    assert.deepEqual(
      answers,
      new Set(
        [
          ['First', ...below, ...below],
          ['First', ...below],
        ].map((said) => JSON.stringify(said)),
      ),
    )
    assert.equal(await run.stop(), 0)
  })

  it('boots the pools that the options announce while the app is built', async () => {
    const imports = `
      import { defineService } from '@ekiben/core'
      import { once } from 'node:events'
      import { setTimeout as sleep } from 'node:timers/promises'
      const port = Number(process.env.TEST_PORT)
      // It may be here before the gate is open.
      const report = () => fetch('http://127.0.0.1:' + port).then(() => {}, () => sleep(20).then(report))
      const Early = defineService(
        class Early { onStart() { return report() } async say() { return 'early' } },
        { apis: { say: {} } },
      )`
    // It is built when the pool has started, which nobody has called.
    const build = `async ({ client }) => {
      const gate = createServer((_, res) => res.end()).listen(port, '127.0.0.1')
      await once(gate, 'request')
      gate.close()
      gate.closeAllConnections()
      return async (_, res) => res.end(await client(Early).say())
    }`
    const port = await freePort()
    await using project = await appProject(mainFile(build, { imports, options: '{ uses: [Early] }' }))
    await using run = await startApp(project, 'supervised', { env: { TEST_PORT: String(port) } })
    assert.equal(await ask(run), 'early')
    assert.equal(await run.stop(), 0)
  })

  it('refuses settings of a service that the app does not call, when it is built', async () => {
    const build = `async ({ client }) => { await client(Echo).say({ text: '' }); return (_, res) => res.end() }`
    const options = '{ workers: { Other: 2 } }'
    await using project = await appProject(mainFile(build, { imports: WITH_ECHO, options }))
    const { code, stderr } = await failApp(project, 'supervised')
    assert.match(stderr, /^EKB_ERR_CONFIG_UNKNOWN: .*workers\.Other/m)
    assert.equal(code, 2)
  })

  it('refuses a client that was never announced, and gives one that the options announced', async () => {
    const build = `({ client }) => async (_, res) => {
      try { res.end((await client(Echo).say({ text: 'at last' })).text) } catch (error) { res.end(error.code + ': ' + error.hint) }
    }`
    for (const [options, answer] of [
      ['{}', /^EKB_ERR_SERVICE_NOT_PLANNED: .*uses: \[Echo\]/],
      ['{ uses: [Echo] }', /^at last$/],
    ] as const) {
      await using project = await appProject(mainFile(build, { imports: WITH_ECHO, options }))
      await using run = await startApp(project, 'supervised')
      assert.match(await ask(run), answer)
      assert.equal(await run.stop(), 0)
    }
  })

  it('is a worker like any other below ekiben run', async () => {
    // Without a port of the command's, the app's own counts.
    const options = `{ port: ${await freePort()} }`
    await using project = await appProject(mainFile('() => (_, res) => res.end(String(process.pid))', { options }))
    for (const flags of [['--port', '0', '--host', '127.0.0.1'], []]) {
      await using run = await startServing([EKIBEN, 'run', 'main.js', '--log-format', 'json', ...flags], {
        cwd: project.path,
      })
      assert.notEqual(await ask(run), String(run.pid))
      assert.doesNotMatch(run.stdout(), /"resolved"/)
      const modes = logLines(run.stdout()).filter(({ mode }) => mode !== undefined)
      assert.deepEqual(
        modes.map(({ pid, mode }) => [pid, mode]),
        [[run.pid, 'supervised']],
      )
      assert.equal(await run.stop(), 0)
    }
  })

  it('says below ekiben run which options it does not read there', async () => {
    const options =
      '{ uses: [], apiWorkers: 2, services: { Echo: { workers: 2 } }, sslCertfile: "cert.pem", colour: "red" }'
    await using project = await appProject(mainFile('() => (_, res) => res.end()', { options }))
    const args = [EKIBEN, 'run', 'main.js', '--log-format', 'json', '--port', '0', '--api-workers', '2']
    await using run = await startServing(args, { cwd: project.path })
    const isUnread = ({ msg = '' }) => msg.endsWith('that ekiben run does not read')
    await waitUntil(() => logLines(run.stdout()).some(isUnread), { describe: 'the warning' })
    assert.deepEqual(
      logLines(run.stdout())
        .filter(isUnread)
        .map((line) => line.options),
      // The first two are those of all apps here.
      [['logFormat', 'supervision', 'apiWorkers', 'services', 'sslCertfile', 'colour']],
    )
    assert.equal(await run.stop(), 0)
  })

  it('hands web requests and answers of an app with fetch through as they are', async () => {
    const build = `() => ({
      async fetch(request) {
        const { pathname, search } = new URL(request.url)
        if (pathname === '/throws') throw new Error('broken')
        const headers = new Headers({ 'content-type': 'text/plain' })
        headers.append('set-cookie', 'a=1')
        headers.append('set-cookie', 'b=2')
        return new Response(request.method + ' ' + pathname + search + ' ' + (await request.text()), { status: 201, headers })
      },
    })`
    await using project = await appProject(mainFile(build))
    await using run = await startApp(project, 'one process')
    const answer = await fetch(`${run.url}/a?b=c`, { method: 'POST', body: 'body' })
    assert.equal(answer.status, 201)
    assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2'])
    assert.equal(await answer.text(), 'POST /a?b=c body')
    assert.equal((await fetch(`${run.url}/throws`)).status, 500)
    await waitUntil(() => run.stderr().includes('fetch() failed: Error: broken'), { describe: 'the error' })
    assert.equal(await run.stop(), 0)
  })
})
