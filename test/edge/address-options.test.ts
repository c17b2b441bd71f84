import assert from 'node:assert/strict'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { serveHttpProduction } from '@ekiben/core/serving'
import { appProject, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { askSocket } from '../helpers/control-socket.js'
import { postText, rawClient } from '../helpers/http-host.js'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { backlogOf } from '../helpers/socket-facts.js'
import { socketFolder } from '../helpers/unix-http.js'

const APPS = resolve('test/fixtures/apps')
const IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))
const skip = IPV6 ? false : 'this machine has no IPv6'
const SOMAXCONN = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
/** Above what the system allows, unless that is any. */
const BACKLOG = Math.min(SOMAXCONN + 1, 2 ** 31 - 1)
const ABOVE_SOMAXCONN = 'EKB_WRN_PLAN_BACKLOG_ABOVE_SOMAXCONN'

type Start = (options: {
  /** null: nobody says. */
  readonly host?: string | null
  readonly backlog?: number
  readonly keepAlive?: number
}) => Promise<{ readonly run: ServingCommand } & AsyncDisposable>

const hostOf = (host: string | null = '127.0.0.1'): string | undefined => host ?? undefined

function flagsOf({ host, backlog, keepAlive }: Parameters<Start>[0]): string[] {
  const given = { host: hostOf(host), backlog, 'timeout-keep-alive': keepAlive }
  const flags = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, `${value}`]))
  return ['--port', '0', '--log-format', 'json', ...flags]
}

async function command(args: readonly string[], cwd: string) {
  const run = await startServing([EKIBEN, ...args], { cwd })
  return { run, [Symbol.asyncDispose]: () => run[Symbol.asyncDispose]() }
}

/** Each way to serve, with these options; all of them answer POST /who with JSON. */
const WAYS: Readonly<Record<string, Start>> = {
  'ekiben serve': (options) => command(['serve', 'says-who-calls', ...flagsOf(options)], SERVICES),
  'ekiben run': (options) => command(['run', 'plain.cjs', ...flagsOf(options)], APPS),
  bootstrapProduction: (options) => bootstrapped(options, 'supervised'),
  serveHttpProduction: (options) => fromCode(options),
}

/** The same in one process. */
const DEVELOPMENT: Readonly<Record<string, Start>> = {
  'ekiben serve --development': (options) =>
    command(['serve', 'says-who-calls', '--development', ...flagsOf(options)], SERVICES),
  'ekiben run --development': (options) => command(['run', 'plain.cjs', '--development', ...flagsOf(options)], APPS),
  'bootstrapProduction without NODE_ENV=production': (options) => bootstrapped(options, 'one process'),
  'serveHttpProduction with developmentMode': (options) => fromCode(options, { developmentMode: true }),
}

const inCode = ({ host, backlog, keepAlive }: Parameters<Start>[0], more: object = {}): string =>
  JSON.stringify({ host: hostOf(host), backlog, timeoutKeepAlive: keepAlive, ...more })

async function bootstrapped(options: Parameters<Start>[0], mode: 'supervised' | 'one process') {
  const build = "() => createServer((_, res) => res.end('{}'))"
  const given = `{ host: undefined, ...${inCode(options)} }`
  const project = await appProject(mainFile(build, { options: given }))
  return inProject(project, () => startApp(project, mode))
}

async function fromCode(options: Parameters<Start>[0], more: object = {}) {
  const all = { identifier: 'says-who-calls', workingDir: SERVICES, port: 0, logFormat: 'json', handleSignals: true }
  const main = `
    import { serveHttpProduction } from '@ekiben/core/serving'
    await serveHttpProduction(${inCode(options, { ...all, ...more })})
  `
  const project = await projectFolder({ 'package.json': { type: 'module' }, 'main.js': main })
  return inProject(project, () => startServing(['main.js'], { cwd: project.path }))
}

async function inProject(project: ProjectFolder, start: () => Promise<ServingCommand>) {
  const run = await start()
  const dispose = async () => {
    await run[Symbol.asyncDispose]()
    await project[Symbol.asyncDispose]()
  }
  return { run, [Symbol.asyncDispose]: dispose }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** Other addresses of this machine. */
const OTHERS = [
  ...(process.platform === 'linux' ? ['127.0.0.2'] : []),
  ...Object.values(networkInterfaces()).flatMap((list = []) =>
    list.flatMap(({ address, family, internal }) => (family === 'IPv4' && !internal ? [address] : [])),
  ),
]

async function listensOnBoth(start: Start): Promise<void> {
  await using started = await start({ host: '::' })
  const { url } = started.run
  assert.match(url, /^http:\/\/\[::1\]:\d+$/)
  const { port } = new URL(url)
  for (const host of ['[::1]', '127.0.0.1']) assert.equal((await call(`http://${host}:${port}`, 'who')).status, 200)
  assert.equal(await started.run.stop(), 0)
}

for (const [way, start] of Object.entries(WAYS)) {
  describe(`${way}: where it listens`, () => {
    it('may be an address of IPv6, in brackets in the url, and nobody listens on the other', { skip }, async () => {
      let isAlone = false
      // Another test may have that port.
      for (let attempt = 1; attempt <= 3 && !isAlone; attempt++) {
        await using started = await start({ host: '::1' })
        const { url } = started.run
        assert.match(url, /^http:\/\/\[::1\]:\d+$/)
        assert.equal((await call(url, 'who')).status, 200)
        isAlone = await isFree('127.0.0.1', Number(new URL(url).port))
        assert.equal(await started.run.stop(), 0)
      }
      assert.ok(isAlone, 'it listens on 127.0.0.1 as well')
    })

    it('may be every address of both families', { skip }, () => listensOnBoth(start))

    it('is every address of IPv4 where nobody says', async () => {
      await using started = await start({ host: null })
      const { port } = new URL(started.run.url)
      for (const host of ['127.0.0.1', ...OTHERS])
        assert.equal((await call(`http://${host}:${port}`, 'who')).status, 200, host)
      assert.equal(await started.run.stop(), 0)
    })

    it('may be a name: its first address is bound, and all are told', async () => {
      const addresses = [...new Set((await lookup('localhost', { all: true })).map(({ address }) => address))]
      const [first = ''] = addresses
      await using started = await start({ host: 'localhost' })
      const { url } = started.run
      assert.equal(new URL(url).hostname, first.includes(':') ? `[${first}]` : first)
      assert.equal((await call(url, 'who')).status, 200)
      const ready = logLines(started.run.stdout()).find(({ msg }) => msg === 'ready')
      assert.deepEqual(ready?.addresses, addresses)
      assert.equal(await started.run.stop(), 0)
    })

    it('has the backlog that was asked for, when its workers listen as well', async (t) => {
      await using started = await start({ backlog: 17 })
      const backlog = await backlogOf(Number(new URL(started.run.url).port))
      if (backlog === undefined) t.skip('ss is not installed')
      else assert.equal(backlog, 17)
      assert.equal(await started.run.stop(), 0)
    })

    it('keeps an idle connection for as long as was asked for, and is warned of a backlog that is cut', async (t) => {
      const isCut = BACKLOG > SOMAXCONN
      if (!isCut) t.diagnostic('this machine allows any backlog')
      await using started = await start({ keepAlive: 0.3, backlog: BACKLOG })
      const { stdout } = started.run
      assert.equal(logLines(stdout()).filter(({ code }) => code === ABOVE_SOMAXCONN).length, isCut ? 1 : 0)
      await using client = await rawClient(Number(new URL(started.run.url).port))
      client.write(postText('/who', {}))
      const [answer] = await client.answers(1)
      // Left alone it would be 75 seconds, or the 5 of Node's own servers.
      assert.match(answer ?? '', /^keep-alive: timeout=0\r$/im)
      assert.equal(await client.closed(), 'ended')
      assert.equal(await started.run.stop(), 0)
    })
  })
}

for (const [way, start] of Object.entries(DEVELOPMENT)) {
  describe(`${way}: where it listens`, () => {
    it('may be every address of both families', { skip }, () => listensOnBoth(start))

    it('is out of reach from any other address where nobody says', async () => {
      await using started = await start({ host: null })
      const { url } = started.run
      const { hostname, port } = new URL(url)
      assert.equal(hostname, '127.0.0.1')
      assert.equal((await call(url, 'who')).status, 200)
      for (const host of OTHERS)
        await assert.rejects(call(`http://${host}:${port}`, 'who'), { code: 'ECONNREFUSED' }, host)
      assert.equal(await started.run.stop(), 0)
    })
  })
}

describe('a Unix socket in one process', () => {
  it('is that of an app that is run', async () => {
    await using at = await socketFolder()
    const flags = ['--development', '--uds', at.socket, '--uds-mode', '600', '--log-format', 'json']
    await using run = await startServing([EKIBEN, 'run', 'plain.cjs', ...flags], { cwd: APPS, env: { PORT: '4711' } })
    assert.equal((await askSocket(at.socket, '/')).status, 200)
    assert.equal((await stat(at.socket)).mode & 0o777, 0o600)
    assert.equal(await run.stop(), 0)
    assert.equal(existsSync(at.socket), false)
  })

  it('is that of serveHttpProduction', async () => {
    await using at = await socketFolder()
    const options = { identifier: 'says-who-calls', workingDir: SERVICES, logLevel: 'silent' } as const
    const where = { uds: at.socket, udsMode: '600', developmentMode: true } as const
    await using server = await serveHttpProduction({ ...options, ...where })
    assert.equal((await askSocket(at.socket, '/livez')).status, 200)
    assert.equal((await stat(at.socket)).mode & 0o777, 0o600)
    await server.stop()
    assert.equal(existsSync(at.socket), false)
  })
})

describe('an address of IPv6 from code', () => {
  it('is told in brackets in the url, and without in the address', { skip }, async () => {
    const options = { identifier: 'says-who-calls', workingDir: SERVICES, logLevel: 'silent' } as const
    await using server = await serveHttpProduction({ ...options, host: '::1', port: 0 })
    const { host, port } = server.address
    assert.deepEqual([host, server.url], ['::1', `http://[::1]:${port}`])
    assert.equal((await call(server.url, 'who')).status, 200)
    await server.stop()
  })
})

describe('a backlog above what the system allows', () => {
  const skipped = BACKLOG > SOMAXCONN ? false : 'this machine allows any'
  it('is a warning of the plan that names the limit', { skip: skipped }, async () => {
    const args = [EKIBEN, 'serve', 'says-who-calls', '--dry-run', '--backlog', String(BACKLOG)]
    const { code, stdout, stderr } = await runNodeToEnd(args, { cwd: SERVICES })
    assert.equal(code, 0, stderr)
    const { warnings } = JSON.parse(stdout) as { warnings: { code: string; message: string }[] }
    const warning = warnings.find((each) => each.code === ABOVE_SOMAXCONN)
    assert.match(warning?.message ?? '', new RegExp(`${BACKLOG} is cut to ${SOMAXCONN} `))
  })
})
