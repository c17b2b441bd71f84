import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type NodeRun, type RunNodeOptions, runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES } from '../helpers/serve-fixture.js'
import { backlogOf, openClient } from '../helpers/socket-facts.js'
import { callSecurely, tlsProject } from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

const ACTIVATES = fileURLToPath(new URL('../fixtures/sockets/activates.cjs', import.meta.url))

interface Manager {
  readonly sockets: readonly object[]
  readonly names?: string
  readonly again?: string
  readonly forAnother?: boolean
}

/** `ekiben serve chain:Front` under a service manager that passes sockets. Give it to `await using`. */
function activate(manager: Manager, flags: readonly string[] = [], options: RunNodeOptions = {}): Promise<NodeRun> {
  const serve = [EKIBEN, 'serve', 'chain:Front', '--log-format', 'json', '--log-level', 'debug', ...flags]
  return runNode([ACTIVATES, JSON.stringify(manager), ...serve], { cwd: SERVICES, ...options })
}

/** The line with this message, the nth of its kind. */
function said(run: NodeRun, msg: string, nth = 1) {
  return waitUntil(() => logLines(run.stdout()).filter((line) => line.msg === msg)[nth - 1], {
    timeoutMs: 30_000,
    describe: () => `'${msg}' number ${nth}:\n${run.stdout()}${run.stderr()}`,
  })
}

async function portsOf(run: NodeRun): Promise<number[]> {
  return ((await said(run, 'listening')).addresses as { port: number }[]).map(({ port }) => port)
}

/** Stops the command, not its manager. */
async function stop(run: NodeRun, nth = 1): Promise<unknown> {
  process.kill(Number((await said(run, 'ready', nth)).pid), 'SIGTERM')
  return (await said(run, 'ended', nth)).code
}

async function temporary(): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

describe('a socket that a service manager passes', () => {
  it('is the public one, with its own address, whatever the default is', async () => {
    await using run = await activate({ sockets: [{ port: 0 }] })
    const [port] = await portsOf(run)
    const { url } = await said(run, 'ready')
    assert.equal(url, `http://127.0.0.1:${port}`)
    const { status, headers } = await call(String(url), 'work')
    assert.equal(status, 200)
    assert.ok(headers['x-request-id'])
    assert.equal(await stop(run), 0)
  })

  it('is encrypted where a certificate is given', async () => {
    await using project = await tlsProject()
    const flags = ['--ssl-certfile', project.file('cert.pem'), '--ssl-keyfile', project.file('key.pem')]
    await using run = await activate({ sockets: [{ port: 0 }] }, flags)
    const [port] = await portsOf(run)
    const { url } = await said(run, 'ready')
    assert.equal(url, `https://127.0.0.1:${port}`)
    assert.equal((await callSecurely(`${url}/work`, { ca: project.authority.cert })).status, 200)
    assert.equal(await stop(run), 0)
  })

  it('is told to no worker', async () => {
    await using run = await activate({ sockets: [{ port: 0 }], names: 'http' }, [], {
      env: { NOTIFY_SOCKET: '/nowhere/notify', WATCHDOG_USEC: '60000000' },
    })
    await said(run, 'ready')
    const ready = logLines(run.stdout()).filter(({ slot, to }) => slot !== undefined && to === 'ready')
    const pids = new Set(ready.map(({ workerPid }) => workerPid))
    assert.equal(pids.size, 4)
    for (const pid of pids) {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
      assert.match(environment, /EKIBEN_SERVICE=/)
      assert.doesNotMatch(environment, /LISTEN_|NOTIFY_SOCKET|WATCHDOG/)
    }
    assert.equal(await stop(run), 0)
  })

  it('is shared by threads, whose process is told of none either', async () => {
    await using run = await activate({ sockets: [{ port: 0 }] }, ['--threaded', '--api-workers', '2'])
    const { url } = await said(run, 'ready')
    assert.equal((await call(String(url), 'work')).status, 200)
    const ready = logLines(run.stdout()).filter(({ workerThread, to }) => workerThread !== undefined && to === 'ready')
    assert.equal(ready.length, 5)
    const pids = new Set(ready.map(({ workerPid }) => workerPid))
    assert.equal(pids.size, 1)
    assert.doesNotMatch(await readFile(`/proc/${[...pids][0]}/environ`, 'utf8'), /LISTEN_/)
    assert.equal(await stop(run), 0)
  })

  it('lives on when we are gone: who connects meanwhile is answered by the next start', async () => {
    await using temp = await temporary()
    const again = join(temp.folder, 'again')
    await using run = await activate({ sockets: [{ port: 0 }], again })
    const [port = 0] = await portsOf(run)
    assert.equal(await stop(run), 0)
    const url = `http://127.0.0.1:${port}`
    using waiting = openClient('127.0.0.1', port)
    await waiting.connected
    const answer = call(url, 'work')
    await writeFile(again, '')
    assert.equal((await answer).status, 200)
    waiting[Symbol.dispose]()
    assert.equal(await stop(run, 2), 0)
  })

  it('keeps its backlog', async (t) => {
    const somaxconn = Number(await readFile('/proc/sys/net/core/somaxconn', 'utf8'))
    await using run = await activate({ sockets: [{ port: 0, backlog: somaxconn }] })
    const [port = 0] = await portsOf(run)
    await said(run, 'ready')
    const kept = await backlogOf(port)
    if (kept === undefined) t.diagnostic('ss is not installed: the backlog was not looked at')
    else assert.equal(kept, somaxconn)
    assert.equal(await stop(run), 0)
  })

  it('has the backlog that is asked for, whatever its own was', async (t) => {
    const backlogs: (number | undefined)[] = []
    for (const own of [5, 100]) {
      await using run = await activate({ sockets: [{ port: 0, backlog: own }] }, ['--backlog', '17'])
      const [port = 0] = await portsOf(run)
      await said(run, 'ready')
      backlogs.push(await backlogOf(port))
      assert.equal(await stop(run), 0)
    }
    if (backlogs.includes(undefined)) t.diagnostic('ss is not installed: the backlog was not looked at')
    else assert.deepEqual(backlogs, [17, 17])
  })

  it('may be a Unix socket, which is not removed', async () => {
    await using temp = await temporary()
    const path = join(temp.folder, 's')
    const again = join(temp.folder, 'again')
    await using run = await activate({ sockets: [{ path }], again })
    assert.equal((await said(run, 'ready')).url, `unix:${path}`)
    assert.equal(await postOver(path), 200)
    assert.equal(await stop(run), 0)
    // Nobody is there to accept, and the request waits.
    const answer = postOver(path)
    await writeFile(again, '')
    assert.equal(await answer, 200)
    assert.equal(await stop(run, 2), 0)
  })

  it('may be the one that --uds names, and no other', async () => {
    await using temp = await temporary()
    const path = join(temp.folder, 's')
    await using run = await activate({ sockets: [{ path }] }, ['--uds', path])
    assert.equal((await said(run, 'ready')).url, `unix:${path}`)
    assert.equal(await stop(run), 0)
    await using other = await activate({ sockets: [{ path: join(temp.folder, 't') }] }, ['--uds', path])
    assert.equal((await said(other, 'ended')).code, 2)
    assert.match(other.stderr(), /EKB_ERR_SOCKET_ACTIVATION/)
    assert.ok(other.stderr().includes(`--uds says ${path}`), other.stderr())
  })

  it('has a mode that --uds-mode does not change', async () => {
    await using temp = await temporary()
    const path = join(temp.folder, 's')
    await using run = await activate({ sockets: [{ path }] }, ['--uds', path, '--uds-mode', '611'])
    assert.equal((await said(run, 'ended')).code, 2)
    assert.match(run.stderr(), /EKB_ERR_SOCKET_ACTIVATION[\s\S]*--uds-mode says 611, it has \d{3}/)
  })

  it('is ignored when it is for another process', async () => {
    await using run = await activate({ sockets: [{ port: 0 }], forAnother: true }, ['--port', '0'])
    const [port] = await portsOf(run)
    const { url } = await said(run, 'ready')
    assert.notEqual(new URL(String(url)).port, String(port))
    assert.match(run.stdout(), /sockets were passed to another process/)
    assert.equal(await stop(run), 0)
  })
})

describe('of several sockets', () => {
  it('the one named http is taken', async () => {
    await using run = await activate({ sockets: [{ port: 0 }, { port: 0 }], names: 'metrics:http' })
    const ports = await portsOf(run)
    assert.equal((await said(run, 'ready')).url, `http://127.0.0.1:${ports[1]}`)
    assert.equal(await stop(run), 0)
  })

  it('none is guessed: the error lists them', async () => {
    await using run = await activate({ sockets: [{ port: 0 }, { port: 0 }], names: 'one:two' }, ['--set', 'port=1'])
    const ports = await portsOf(run)
    assert.equal((await said(run, 'ended')).code, 2)
    assert.match(run.stderr(), /EKB_ERR_SOCKET_ACTIVATION/)
    for (const [at, name] of ['one', 'two'].entries()) {
      assert.ok(run.stderr().includes(`${at + 3} ${name} 127.0.0.1:${ports[at]}`), run.stderr())
    }
    assert.match(run.stderr(), /hint: .*FileDescriptorName=http/)
  })
})

describe('a setting that says another address than the socket', () => {
  it('is an error where it is a flag', async () => {
    await using run = await activate({ sockets: [{ port: 0 }] }, ['--port', '1'])
    const [port] = await portsOf(run)
    assert.equal((await said(run, 'ended')).code, 2)
    assert.match(run.stderr(), /EKB_ERR_SOCKET_ACTIVATION/)
    assert.ok(run.stderr().includes(`127.0.0.1:${port}`), run.stderr())
  })

  it('is overruled, and said, where it is PORT', async () => {
    await using run = await activate({ sockets: [{ port: 0 }] }, [], { env: { PORT: '1' } })
    const [port] = await portsOf(run)
    assert.equal((await said(run, 'ready')).url, `http://127.0.0.1:${port}`)
    const { setting, value } = await said(run, 'overruled by the socket that was passed')
    assert.deepEqual([setting, value], ['port', 1])
    assert.equal(await stop(run), 0)
  })
})

async function postOver(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const sent = request({ socketPath, path: '/work', method: 'POST', headers, agent: false }, (answer) => {
      json(answer).then(() => resolve(answer.statusCode), reject)
    })
    sent.once('error', reject).end('{}')
  })
}
