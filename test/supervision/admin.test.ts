import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { askSocket, controlSocket } from '../helpers/control-socket.js'
import { postText, rawClient } from '../helpers/http-host.js'
import { readMetrics, total } from '../helpers/read-metrics.js'
import { call, failFixture, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const LOOPBACK = ['--admin', '127.0.0.1:0']

function adminUrl(server: { stdout: () => string }): string {
  const line = logLines(server.stdout()).find(({ msg }) => msg === 'admin')
  assert.ok(line !== undefined, server.stdout())
  return `http://${line.address}`
}

async function statusOf(url: string): Promise<number> {
  const answer = await fetch(url)
  await answer.text()
  return answer.status
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-adm-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

describe('--admin', () => {
  it('serves probes and status by the supervisor, and nothing that steers', async () => {
    await using server = await serveFixture('chain:Front', LOOPBACK)
    const url = adminUrl(server)
    assert.equal(await statusOf(`${url}/livez`), 200)
    assert.equal(await statusOf(`${url}/readyz`), 200)
    const status = (await (await fetch(`${url}/status`)).json()) as { pid: number; state: string }
    assert.deepEqual([status.pid, status.state], [server.pid, 'running'])
    const control = JSON.parse((await askSocket(await controlSocket(server), '/status')).body) as object
    assert.deepEqual(Object.keys(status), Object.keys(control))
    assert.equal((await fetch(`${url}/livez`, { method: 'HEAD' })).status, 200)
    for (const route of ['stop', 'reload', 'scale', 'restart', 'dump']) {
      assert.equal((await fetch(`${url}/${route}`, { method: 'POST' })).status, 404)
    }
    assert.equal((await fetch(`${url}/status`, { method: 'POST' })).status, 405)
    assert.equal(await server.stop(), 0)
    await assert.rejects(fetch(`${url}/livez`))
  })

  it('takes the metrics of all workers over from the public socket', async () => {
    await using server = await serveFixture('chain:Front', LOOPBACK)
    await call(server.url, 'work', { ms: 0 })
    const metrics = await readMetrics(adminUrl(server))
    assert.equal(total(metrics, 'ekiben_requests_total', { service: 'Front', api: 'work', code: '200' }), 1)
    assert.equal(total(metrics, 'ekiben_calls_total', { from: 'Middle', to: 'Back', api: 'work' }), 1)
    assert.equal(await statusOf(`${server.url}/metrics`), 404)
    const control = await askSocket(await controlSocket(server), '/metrics')
    assert.match(control.body, /^ekiben_supervisor_rss_bytes \d+$/m)
    assert.equal(await server.stop(), 0)
  })

  it('is off unless asked for', async () => {
    await using server = await serveFixture('crashes-on-request')
    assert.deepEqual(
      logLines(server.stdout()).filter(({ msg }) => msg === 'admin'),
      [],
    )
    assert.equal(await statusOf(`${server.url}/status`), 404)
    assert.equal(await server.stop(), 0)
  })

  it('is not ready while a required service has no ready worker, and alive all the while', async (t) => {
    const folder = await folderOf(t)
    await using server = await serveFixture('outage:Api', LOOPBACK, { env: { OUTAGE_FOLDER: folder } })
    const url = adminUrl(server)
    const { pid } = (await call<{ pid: number }>(server.url, 'work')).body
    await writeFile(join(folder, 'Needed'), '')
    process.kill(pid, 'SIGKILL')
    await waitUntil(async () => (await statusOf(`${url}/readyz`)) === 503, { describe: 'not ready' })
    assert.equal(await statusOf(`${url}/livez`), 200)
    await rm(join(folder, 'Needed'))
    await waitUntil(async () => (await statusOf(`${url}/readyz`)) === 200, { describe: 'ready again' })
    assert.equal(await server.stop(), 0)
  })

  it('is not ready while the instance stops', async () => {
    await using server = await serveFixture('chain:Front', LOOPBACK)
    const url = adminUrl(server)
    const request = postText('/work', {}, ['connection: close'])
    await using held = await rawClient(Number(new URL(server.url).port))
    held.write(request.slice(0, -1))
    // The call that follows shows that it has been received, and it is not whole before all is seen.
    await call(server.url, 'work')
    server.kill('SIGTERM')
    await waitUntil(async () => (await statusOf(`${url}/readyz`)) === 503, { describe: 'not ready' })
    assert.equal(await statusOf(`${url}/livez`), 200)
    assert.equal(((await (await fetch(`${url}/status`)).json()) as { state: string }).state, 'draining')
    held.write(request.slice(-1))
    assert.match((await held.answers(1))[0] ?? '', /^HTTP\/1.1 200 /)
    assert.equal((await server.exited).code, 0)
  })

  it('names a taken address, and starts nothing', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    t.after(() => other.close())
    const { port } = other.address() as { port: number }
    const { code, stdout, stderr } = await failFixture('talks-on-load', ['--admin', `127.0.0.1:${port}`])
    assert.equal(code, 6)
    assert.match(stderr, new RegExp(`^EKB_ERR_SOCKET_IN_USE: .*127\\.0\\.0\\.1:${port}.* pid ${process.pid} `))
    assert.match(stderr, /hint: .*--admin/)
    assert.equal(stdout, '')
  })

  for (const [address, code, exit] of [
    ['192.0.2.1:9000', 'EKB_ERR_SOCKET_UNAVAILABLE', 6],
    ['no-such-host.invalid:9000', 'EKB_ERR_SOCKET_UNAVAILABLE', 6],
    [`/tmp/${'a'.repeat(100)}`, 'EKB_ERR_SOCKET_UNAVAILABLE', 6],
    ['/no/such/folder/admin.sock', 'EKB_ERR_SOCKET_UNAVAILABLE', 6],
    ['9000', 'EKB_ERR_CONFIG_INVALID', 2],
    ['localhost:99999', 'EKB_ERR_CONFIG_INVALID', 2],
  ] as const) {
    it(`refuses ${address.slice(0, 40)}`, async () => {
      const run = await failFixture('talks-on-load', ['--admin', address])
      assert.equal(run.code, exit, run.stderr)
      assert.match(run.stderr, new RegExp(`^${code}: `))
      assert.ok(run.stderr.includes(address.slice(0, 80)), run.stderr)
      assert.equal(run.stdout, '')
    })
  }

  it('may be a Unix socket, for this user alone', async (t) => {
    const path = join(await folderOf(t), 'admin.sock')
    await using server = await serveFixture('crashes-on-request', ['--admin', path])
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await askSocket(path, '/readyz')).status, 200)
    const second = await failFixture('crashes-on-request', ['--admin', path])
    assert.equal(second.code, 6)
    assert.match(second.stderr, /^EKB_ERR_SOCKET_IN_USE: /)
    assert.equal((await askSocket(path, '/readyz')).status, 200)
    server.kill('SIGKILL')
    await server.exited
    assert.ok(existsSync(path))
    await using next = await serveFixture('crashes-on-request', ['--admin', path], { runtimeDir: server.runtimeDir })
    assert.equal((await askSocket(path, '/readyz')).status, 200)
    assert.equal(await next.stop(), 0)
    assert.ok(!existsSync(path))
  })

  it('never removes a file that is no socket', async (t) => {
    const path = join(await folderOf(t), 'precious')
    await writeFile(path, 'keep me')
    const { code, stderr } = await failFixture('crashes-on-request', ['--admin', path])
    assert.equal(code, 6)
    assert.match(stderr, /no socket is there/)
    assert.equal(await readFile(path, 'utf8'), 'keep me')
  })
})
