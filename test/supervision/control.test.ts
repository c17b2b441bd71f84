import assert from 'node:assert/strict'
import { lstatSync, readdirSync } from 'node:fs'
import { mkdtemp, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { listenPrivately } from '../../packages/core/build/net/listen-privately.js'
import { fileIdentity } from '../../packages/core/build/net/socket-path.js'
import { askSocket, controlSocket } from '../helpers/control-socket.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string }
}

const refusalOf = (body: string): Refusal['error'] => (JSON.parse(body) as Refusal).error

/** A raw client: what it sent is answered by nothing, or by what `answer` gives when the other side ends. */
function rawClient(path: string, bytes: string | Buffer) {
  const socket = connect(path)
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk
  })
  socket.on('error', () => {})
  socket.write(bytes)
  const answer = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  return {
    answer,
    send: (more: string) => void socket.write(more),
    isOpen: () => !socket.destroyed,
    destroy: () => socket.destroy(),
  }
}

const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

describe('the control socket', () => {
  it('is private, and says what runs', async () => {
    await using server = await serveFixture('chain:Front')
    const path = await controlSocket(server)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700)
    const { status, headers, body } = await askSocket(path, '/status')
    assert.equal(status, 200)
    assert.equal(headers['ekiben-control'], '1')
    const shown = JSON.parse(body) as { pid: number; url: string; services: { name: string }[] }
    assert.deepEqual(
      [shown.pid, shown.url, shown.services.map(({ name }) => name)],
      [server.pid, server.url, ['Back', 'Middle', 'Front']],
    )
    assert.equal(await server.stop(), 0)
  })

  it('was never more open than that, whatever the umask', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
    const umask = process.umask(0)
    try {
      const seen = new Set<number>()
      for (let round = 0; round < 20; round++) {
        const server = createServer()
        const path = join(folder, `${round}.sock`)
        let listening = false
        void listenPrivately(server, path).then(() => {
          listening = true
        })
        while (!listening) {
          const mode = lstatSync(path, { throwIfNoEntry: false })?.mode
          if (mode !== undefined) seen.add(mode & 0o777)
          await new Promise((resolve) => setImmediate(resolve))
        }
        seen.add(lstatSync(path).mode & 0o777)
        server.close()
      }
      assert.deepEqual([...seen], [0o600])
      assert.deepEqual(
        readdirSync(folder).filter((name) => !name.endsWith('.sock')),
        [],
      )
    } finally {
      process.umask(umask)
      await rm(folder, { recursive: true })
    }
  })

  it('refuses a command of another protocol, and does nothing for it', async () => {
    await using server = await serveFixture('crashes-on-request')
    const path = await controlSocket(server)
    const headers = { 'ekiben-control': '999', 'ekiben-version': '9.9.9' }
    const { status, body } = await askSocket(path, '/stop', { method: 'POST', headers })
    assert.equal(status, 409)
    const { code, message, hint } = refusalOf(body)
    assert.equal(code, 'EKB_ERR_CONTROL_SKEW')
    assert.match(message, /Restart needed.* 9\.9\.9 .*999/)
    assert.match(hint, /Restart the instance/)
    assert.equal((await call(server.url, 'ping')).status, 200)
    assert.equal(await server.stop(), 0)
  })

  it('says what is wrong with a request', async () => {
    await using server = await serveFixture('crashes-on-request')
    const path = await controlSocket(server)
    const post = (route: string, body?: string) =>
      askSocket(path, route, { method: 'POST', ...(body !== undefined && { body }) })
    const cases = [
      [await askSocket(path, '/nothing'), 404, 'EKB_ERR_ROUTE_NOT_FOUND'],
      [await askSocket(path, '/stop'), 405, 'EKB_ERR_METHOD_NOT_ALLOWED'],
      [await askSocket(path, '/__proto__'), 404, 'EKB_ERR_ROUTE_NOT_FOUND'],
      [await post('/scale', '{'), 400, 'EKB_ERR_BODY_INVALID'],
      [await post('/scale'), 400, 'EKB_ERR_BODY_INVALID'],
      [await post('/scale', '{"service":"A","workers":"2"}'), 400, 'EKB_ERR_BODY_INVALID'],
      [await post('/restart', '[]'), 400, 'EKB_ERR_BODY_INVALID'],
      [await post('/dump', '{"service":"A"}'), 400, 'EKB_ERR_BODY_INVALID'],
      [await post('/scale', 'x'.repeat(1024 * 1024)), 413, 'EKB_ERR_BODY_TOO_LARGE'],
    ] as const
    for (const [{ status, body }, expected, code] of cases) {
      assert.equal(status, expected, body)
      assert.equal(refusalOf(body).code, code)
    }
    assert.equal(await server.stop(), 0)
  })

  it('shrugs off garbage, half requests, endless ones, idle clients and clients that leave', async () => {
    await using server = await serveFixture('chain:Front')
    const path = await controlSocket(server)
    await askSocket(path, '/status')
    const before = descriptors(server.pid)
    const half = 'POST /scale HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{"service":'
    const endless = Buffer.concat([
      Buffer.from('POST /scale HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n'),
      Buffer.alloc(6 * 1024 * 1024, 'x'),
    ])
    const garbage = [
      '\0\x01\xff\xfe'.repeat(500),
      'GET / HTTP/9.9\r\n\r\n',
      `GET /${'a'.repeat(100_000)}`,
      '\r\n'.repeat(99),
    ]
    const clients = [...garbage, half, endless, half.slice(0, 20)].map((bytes) => rawClient(path, bytes))
    const idle = Array.from({ length: 100 }, () => rawClient(path, ''))
    for (let count = 0; count < 50; count++) {
      rawClient(path, 'GET /status HTTP/1.1\r\nhost: x\r\n\r\n').destroy()
      const leaver = rawClient(path, 'GET /status HTTP/1.1\r\nhost: x\r\n\r\n')
      if (count % 2 === 0) await askSocket(path, '/status')
      leaver.destroy()
    }
    const late = Array.from({ length: 40 }, () => rawClient(path, ''))
    assert.equal((await askSocket(path, '/status')).status, 200)
    // Before the time of those who do not ask was over.
    assert.ok(late.some(({ isOpen }) => isOpen()))
    assert.equal((await call(server.url, 'work')).status, 200)
    // Nobody is kept who does not ask.
    await Promise.all([...clients, ...idle, ...late].map(({ answer }) => answer))
    await waitUntil(() => descriptors(server.pid) <= before, { describe: `${before} descriptors again` })
    assert.deepEqual(
      logLines(server.stdout()).filter(({ level }) => level === 'error' || level === 'warn'),
      [],
    )
    assert.equal(await server.stop(), 0)
  })

  it('is made anew when its file is removed, or another is put there', async () => {
    await using server = await serveFixture('crashes-on-request')
    const path = await controlSocket(server)
    await askSocket(path, '/status')
    const before = descriptors(server.pid)
    const first = fileIdentity(path)
    await unlink(path)
    assert.equal(await controlSocket(server), path)
    assert.equal((await askSocket(path, '/status')).status, 200)
    // In its place at once: it would be made anew in between.
    await writeFile(`${path}.other`, 'not a socket')
    await rename(`${path}.other`, path)
    await waitUntil(async () => (await stat(path)).isSocket(), { describe: 'a socket in place of the file' })
    assert.notEqual(fileIdentity(path), first)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await askSocket(path, '/status')).status, 200)
    await waitUntil(() => descriptors(server.pid) <= before, { describe: 'no descriptor more than before' })
    assert.equal(await server.stop(), 0)
  })

  it('is gone with the instance, and tells those who wait for its end', async () => {
    await using server = await serveFixture('chain:Front')
    const path = await controlSocket(server)
    const [first, second] = await Promise.all([
      askSocket(path, '/stop', { method: 'POST' }),
      askSocket(path, '/stop', { method: 'POST' }),
    ])
    for (const { status, body } of [first, second]) {
      assert.equal(status, 200)
      assert.deepEqual(JSON.parse(body), { exitCode: 0, forced: [], endsProcess: true })
    }
    assert.equal((await server.exited).code, 0)
  })

  it('answers who had connected, and asks only when the instance has ended', async () => {
    await using server = await serveFixture('chain:Front')
    const path = await controlSocket(server)
    const late = rawClient(path, 'POST /stop HTTP/1.1\r\nhost: control\r\n')
    assert.equal((await askSocket(path, '/stop', { method: 'POST' })).status, 200)
    late.send('\r\n')
    assert.match(await late.answer, /^HTTP\/1\.1 200 OK\r\n/)
    assert.equal((await server.exited).code, 0)
  })
})
