import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CallServer } from '../../packages/core/build/call/call-server.js'
import { isServiceError } from '../../packages/core/build/errors/service-error.js'
import { call, openCallPool } from '../helpers/call-pool.js'

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const coded = (code: string) => (error: unknown) => isServiceError(error, code)

function openServer(t: TestContext): { server: CallServer; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ekb-'))
  const handler = (_api: string, input: unknown) => input
  const server = new CallServer({ handler, service: 'Pool', slot: 0, apis: ['echo'], schemaHash: 'one', log: quiet })
  t.after(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })
  return { server, path: join(folder, 'a.sock') }
}

/** What a peer that sends these bytes gets back before its connection is closed. */
async function converse(path: string, bytes: Uint8Array): Promise<Buffer> {
  const socket = connect(path)
  socket.write(bytes)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function frame(type: number, body: string, id = 0): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(body.length, 0)
  header.writeUInt8(type, 4)
  header.writeUInt32LE(id, 8)
  header.writeUInt32LE(body.length, 12)
  return Buffer.concat([header, Buffer.from(body)])
}

const hello = (fields: object) => frame(1, JSON.stringify({ protocol: 1, service: 'Pool', apis: [], ...fields }))
const GARBAGE: readonly (readonly [string, Buffer, RegExp])[] = [
  ['text of HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'), /a frame/],
  ['a call before any hello', frame(2, '', 1), /no hello came first/],
  ['a hello that is no JSON', frame(1, 'what?'), /is no hello/],
  ['a hello of another version', hello({ protocol: 99 }), /speaks version 99/],
  ['a hello for another service', hello({ service: 'Other' }), /'Pool' was expected/],
  ['a body that is no message', Buffer.concat([hello({}), frame(2, '\xc1\xc1', 1)]), /a body/],
  ['a result from a caller', Buffer.concat([hello({}), frame(3, '', 1)]), /a frame of type 3/],
  ['an item of a stream from a caller', Buffer.concat([hello({}), frame(7, '', 1)]), /a frame of type 7/],
  ['a credit that is no number', Buffer.concat([hello({}), frame(9, 'much', 1)]), /a credit is no number/],
]
for (const [name, bytes, reason] of GARBAGE) {
  test(`${name}: that connection is closed and told why, the others go on`, async (t) => {
    await using pool = openCallPool()
    const { server, path } = openServer(t)
    await server.listen(path)
    const client = pool.client()
    client.update([{ slot: 0, generation: 1, address: path, schemaHash: 'one' }])
    assert.equal(await call(client, 'echo', 'before'), 'before')
    assert.match((await converse(path, bytes)).toString('latin1'), reason)
    assert.equal(await call(client, 'echo', 'after'), 'after')
  })
}

test('a service that answers with garbage: its caller gets a coded error', async (t) => {
  await using pool = openCallPool()
  const server: Server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const path = join(pool.folder, 'other.sock')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.after(() => server.close())
  const client = pool.client({ dependencyGraceMs: 250 })
  client.update([{ slot: 0, generation: 1, address: path, schemaHash: 'one' }])
  await assert.rejects(call(client, 'echo'), (error: Error) => {
    assert.ok(coded('EKB_ERR_CALL_PROTOCOL')(error.cause))
    return coded('EKB_ERR_DEPENDENCY_DOWN')(error)
  })
})

test('the socket is for its user alone, and gone after close and after drain', async (t) => {
  for (const end of ['close', 'drain'] as const) {
    const { server, path } = openServer(t)
    await server.listen(path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    await server[end]()
    assert.equal(existsSync(path), false)
  }
})

test('a path that Node 20 would cut is refused', async (t) => {
  const { server, path } = openServer(t)
  await assert.rejects(server.listen(`${path}${'x'.repeat(100)}`), coded('EKB_ERR_SOCKET_PATH_TOO_LONG'))
})

test('a path in use or in no folder is refused', async (t) => {
  const [one, two] = [openServer(t), openServer(t)]
  await one.server.listen(one.path)
  await assert.rejects(two.server.listen(one.path), coded('EKB_ERR_SOCKET_IN_USE'))
  await assert.rejects(two.server.listen(`${one.path}/none/a.sock`), coded('EKB_ERR_SOCKET_UNAVAILABLE'))
})

test('a peer that never says a word does not keep a worker from draining', async (t) => {
  const { server, path } = openServer(t)
  await server.listen(path)
  const silent = connect(path)
  await new Promise((resolve) => silent.once('connect', resolve))
  const closed = new Promise((resolve) => silent.once('close', resolve))
  silent.resume()
  await server.drain()
  await closed
})
