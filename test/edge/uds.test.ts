import assert from 'node:assert/strict'
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { serveHttpProduction } from '@ekiben/core/serving'
import { cannotActAsOthers } from '../helpers/act-as-others.js'
import { appProject, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { shownBy, steer } from '../helpers/control-socket.js'
import { type NodeExit, type RunNodeOptions, runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, SERVICES } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { backlogOf, freePort } from '../helpers/socket-facts.js'
import { callOver, type SocketFolder, socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

const APPS = resolve('test/fixtures/apps')
const WHO = [EKIBEN, 'serve', 'says-who-calls', '--log-format', 'json']

interface Who {
  readonly pid: number
  readonly remoteAddress: string | null
  readonly host: string
}

/** `ekiben serve` on a Unix socket. Give it to `await using`. */
function serveOn(
  { socket }: SocketFolder,
  flags: readonly string[] = [],
  options: RunNodeOptions = {},
): Promise<ServingCommand> {
  return startServing([...WHO, '--uds', socket, ...flags], { cwd: SERVICES, ...options })
}

function failOn({ socket }: SocketFolder, flags: readonly string[], options: RunNodeOptions = {}): Promise<NodeExit> {
  return runNodeToEnd([...WHO, '--uds', socket, ...flags], { cwd: SERVICES, ...options })
}

const who = async ({ socket }: SocketFolder) => (await callOver<Who>(socket, 'who')).body
const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8)

describe('ekiben serve --uds', () => {
  it('serves on a Unix socket, told by its path, for user and group, and removes it at the stop', async () => {
    await using at = await socketFolder()
    await using server = await serveOn(at)
    assert.equal(server.url, `unix:${at.socket}`)
    assert.equal(modeOf(at.socket), '660')
    const { status, body, headers } = await callOver<Who>(at.socket, 'who')
    assert.deepEqual([status, body.remoteAddress], [200, null])
    assert.ok(headers['x-request-id'])
    assert.deepEqual(
      (await shownBy(server)).map(({ url }) => url),
      [server.url],
    )
    assert.equal(await server.stop(), 0)
    assert.ok(!existsSync(at.socket))
  })

  it('has the mode and the backlog that were asked for, and a path that counts from the current folder', async (t) => {
    await using at = await socketFolder()
    const flags = ['--uds', 's', '--uds-mode', '600', '--backlog', '33', '--working-dir', SERVICES]
    const serve = [EKIBEN, 'serve', 'says-who-calls', '--log-format', 'json', ...flags]
    await using server = await startServing(serve, { cwd: at.path })
    assert.equal(server.url, `unix:${at.socket}`)
    assert.equal(modeOf(at.socket), '600')
    const backlog = await backlogOf(at.socket)
    if (backlog === undefined) t.diagnostic('ss is not installed: the backlog was not looked at')
    else assert.equal(backlog, 33)
    assert.equal(await server.stop(), 0)
  })

  it('keeps the socket when its workers die: who connects meanwhile is answered by the next', async () => {
    await using at = await socketFolder()
    await using server = await serveOn(at)
    const { ino } = lstatSync(at.socket)
    const { pid } = await who(at)
    process.kill(pid, 'SIGKILL')
    await waitUntil(
      () => !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
    )
    assert.notEqual((await who(at)).pid, pid)
    assert.equal(lstatSync(at.socket).ino, ino)
    assert.equal(await server.stop(), 0)
  })

  it('keeps the socket over a reload, which loses nobody', async () => {
    await using at = await socketFolder()
    await using server = await serveOn(at, ['--api-workers', '2', '--set', 'minReadyMs=50'])
    const { ino } = lstatSync(at.socket)
    let reloaded = false
    const pids = new Set<number>()
    const load = Array.from({ length: 4 }, async () => {
      while (!reloaded) pids.add((await who(at)).pid)
    })
    await waitUntil(() => pids.size === 2)
    const { code, stderr } = await steer(server, ['reload'])
    assert.equal(code, 0, stderr)
    await waitUntil(() => pids.size === 4)
    reloaded = true
    await Promise.all(load)
    assert.equal(lstatSync(at.socket).ino, ino)
    assert.equal(await server.stop(), 0)
  })

  it('replaces what a killed instance left, and not what a living one has', async () => {
    await using at = await socketFolder()
    await using first = await serveOn(at)
    const second = await failOn(at, [])
    assert.equal(second.code, 6, second.stderr)
    assert.match(second.stderr, /EKB_ERR_SOCKET_IN_USE/)
    assert.match(second.stderr, new RegExp(`in use by pid ${first.pid} `))
    assert.match(second.stderr, /hint: .*--uds/)
    const { pid } = await who(at)
    first.kill('SIGKILL')
    await first.exited
    // Its worker is on it until it has noticed.
    await waitUntil(() => !existsSync(`/proc/${pid}`), { describe: 'the end of the worker' })
    assert.ok(existsSync(at.socket))
    await using next = await serveOn(at, [], { runtimeDir: first.runtimeDir })
    assert.notEqual((await who(at)).pid, pid)
    assert.equal(await next.stop(), 0)
    assert.ok(!existsSync(at.socket))
  })

  it('belongs to whom the workers run as', async (t) => {
    if (cannotActAsOthers(t)) return
    await using at = await socketFolder()
    await using server = await serveOn(at, ['--user', '65001', '--group', '65002'])
    const { uid, gid } = lstatSync(at.socket)
    assert.deepEqual([uid, gid, modeOf(at.socket)], [65_001, 65_002, '660'])
    assert.equal((await callOver(at.socket, 'who')).status, 200)
    assert.equal(await server.stop(), 0)
  })

  const refusals: readonly (readonly [what: string, flags: readonly string[], exit: number, message: RegExp])[] = [
    ['a port beside it', ['--port', '1'], 2, /EKB_ERR_CONFIG_INVALID.*\n?.*no port beside it \(flag --port\)/],
    ['a host beside it', ['--host', '::1'], 2, /no host beside it \(flag --host\)/],
    ['a mode that is none', ['--uds-mode', '9'], 2, /EKB_ERR_CONFIG_INVALID.*\n?.*three octal digits/],
    ['a path that the system would cut', ['--uds', `/tmp/${'x'.repeat(96)}`], 6, /EKB_ERR_SOCKET_PATH_TOO_LONG/],
    ['a folder that is not there', ['--uds', '/nowhere/s'], 6, /its folder \/nowhere does not exist/],
    ['an empty path', ['--uds', ''], 2, /EKB_ERR_CONFIG_INVALID/],
  ]
  for (const [what, flags, exit, message] of refusals) {
    it(`refuses ${what}`, async () => {
      await using at = await socketFolder()
      const { code, stderr } = await failOn(at, flags)
      assert.equal(code, exit, stderr)
      assert.match(stderr, message)
      assert.ok(!existsSync(at.socket))
    })
  }

  it('never removes a file that is no socket', async () => {
    await using at = await socketFolder()
    writeFileSync(at.socket, 'precious')
    const { code, stderr } = await failOn(at, [])
    assert.equal(code, 6, stderr)
    assert.match(stderr, /EKB_ERR_SOCKET_UNAVAILABLE/)
    assert.equal(readFileSync(at.socket, 'utf8'), 'precious')
  })

  it('is shown in the plan, with its mode', async () => {
    await using at = await socketFolder()
    const { stdout, stderr, code } = await failOn(at, ['--uds-mode', '0640', '--dry-run', '--explain'])
    assert.equal(code, 0, stderr)
    const { address, settings } = JSON.parse(stdout)
    assert.deepEqual(address, { uds: at.socket, mode: '640', backlog: 2048 })
    assert.deepEqual(settings.uds, { value: at.socket, source: 'flag --uds' })
    assert.deepEqual(settings.udsMode, { value: '640', source: 'flag --uds-mode' })
    assert.equal(settings.port.value, null)
  })
})

describe('a Unix socket', () => {
  it('is taken by serveHttpProduction', async () => {
    await using at = await socketFolder()
    const options = { identifier: 'says-who-calls', workingDir: SERVICES, logLevel: 'silent' } as const
    await using server = await serveHttpProduction({ ...options, uds: at.socket, udsMode: '600' })
    assert.deepEqual([server.url, server.address], [`unix:${at.socket}`, { host: at.socket, port: 0 }])
    assert.equal(modeOf(at.socket), '600')
    assert.equal((await callOver(at.socket, 'who')).status, 200)
    await server.stop()
    assert.ok(!existsSync(at.socket))
  })

  const LISTENS: readonly (readonly [what: string, app: string, PORT: string | undefined, told: string])[] = [
    ['that of a variable', 'plain.cjs', '4321', '4321'],
    ['any, where no variable has one', 'plain.cjs', undefined, '3000'],
    ['any, where the variable would have it be any', 'plain.cjs', '0', '3000'],
    ['one of its own', 'fixed-port.cjs', undefined, '3000'],
  ]
  for (const [what, app, PORT, told] of LISTENS) {
    it(`is taken by ekiben run, for the port that the app listens on: ${what}`, async () => {
      await using at = await socketFolder()
      const run = ['run', `${APPS}/${app}`, '--uds', at.socket, '--api-workers', '2', '--log-format', 'json']
      await using server = await startServing([EKIBEN, ...run, '--uds-mode', '600'], { env: { PORT } })
      assert.equal(server.url, `unix:${at.socket}`)
      assert.equal(modeOf(at.socket), '600')
      const { status, body } = await callOver<{ port: string }>(at.socket, 'facts')
      assert.deepEqual([status, body.port], [200, told])
      assert.equal(await server.stop(), 0)
      assert.ok(!existsSync(at.socket))
    })
  }

  it('is the one of the port that a flag names, where an app opens several', async () => {
    await using at = await socketFolder()
    const [clients, own] = [await freePort(), await freePort()].map(String) as [string, string]
    const flags = ['--uds', at.socket, '--app-port', clients, '--log-format', 'json']
    const run = [EKIBEN, 'run', `${APPS}/two-ports.cjs`, ...flags, '--', clients, own, 'own']
    await using server = await startServing(run, {})
    assert.match(await (await fetch(`http://127.0.0.1:${own}`)).text(), /^own /)
    assert.equal((await callOver(at.socket, '')).status, 200)
    await assert.rejects(fetch(`http://127.0.0.1:${clients}`))
    assert.equal(await server.stop(), 0)
  })

  const APPS_BUILT: readonly (readonly [kind: string, imports: string, build: string])[] = [
    ['a server of Node', '', "() => createServer((_, res) => res.end('{}'))"],
    ['Fastify', "import fastify from 'fastify'", "() => fastify().post('/who', async () => ({}))"],
    ['Express', "import express from 'express'", "() => express().post('/who', (_, res) => res.json({}))"],
  ]
  for (const mode of ['supervised', 'one process'] as const) {
    for (const [kind, imports, build] of APPS_BUILT) {
      it(`is taken by bootstrapProduction: ${kind}, ${mode}`, async () => {
        await using at = await socketFolder()
        const options = `{ port: undefined, host: undefined, uds: ${JSON.stringify(at.socket)}, udsMode: '600' }`
        await using project = await appProject(mainFile(build, { imports, options }), ['fastify', 'express'])
        await using app = await startApp(project, mode)
        assert.equal(app.url, `unix:${at.socket}`)
        assert.equal(modeOf(at.socket), '600')
        assert.equal((await callOver(at.socket, 'who')).status, 200)
        assert.equal(await app.stop(), 0)
        assert.ok(!existsSync(at.socket))
      })
    }
  }

  it('gives way to a port from a stronger place', async () => {
    await using at = await socketFolder()
    const env = { EKIBEN_UDS: at.socket }
    const flags = ['--port', '0', '--host', '127.0.0.1']
    await using server = await startServing([...WHO, ...flags], { cwd: SERVICES, env })
    assert.equal((await call(server.url, 'who')).status, 200)
    assert.ok(!existsSync(at.socket))
    assert.equal(await server.stop(), 0)
  })
})
