import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import { closeInOneStep } from './close-in-one-step.js'

/** Of Node's: what shutdown(2) is asked of. */
type WithHandle = Socket & { readonly _handle: { shutdown: (...args: unknown[]) => number } }

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const LARGE = Buffer.alloc(3_000_000, 'a')

/** Counts from now on how often a connection says that it sends no more. */
function countShutdowns({ _handle: handle }: WithHandle): () => number {
  const { shutdown } = handle
  let count = 0
  handle.shutdown = function (...args) {
    count++
    return Reflect.apply(shutdown, this, args)
  }
  return () => count
}

/** What a client is sent on a connection that begins with `sent`, and how often the server said first that it sends no more. */
async function converse(listener: RequestListener, sent: string) {
  const server = createServer(listener)
  const accepted = (once(server, 'connection') as Promise<[WithHandle]>).then(async ([socket]) => {
    closeInOneStep(socket)
    const shutdowns = countShutdowns(socket)
    // By an error, were it said to be closed before it was finished.
    await finished(socket, { readable: false })
    return shutdowns()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.write(sent)
  const chunks: Buffer[] = []
  for await (const chunk of client) chunks.push(chunk)
  const shutdowns = await accepted
  server.close()
  await once(server, 'close')
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n')
  return { head, body, shutdowns }
}

test('closes a connection whose answer is given, and says nothing before', async () => {
  const { head, body, shutdowns } = await converse((_incoming, outgoing) => outgoing.end('done'), GET)
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
  assert.equal(body, 'done')
  assert.equal(shutdowns, 0)
})

test('closes it when an answer has gone that its client had to make room for', async () => {
  const { body, shutdowns } = await converse((_incoming, outgoing) => outgoing.end(LARGE), GET)
  assert.equal(body.length, LARGE.length)
  assert.equal(shutdowns, 0)
})

test('closes it where a body was sent and read', async () => {
  const post = `${GET.replace('GET', 'POST').trimEnd()}\r\nContent-Length: 5\r\n\r\nhello`
  const { body, shutdowns } = await converse(async (incoming, outgoing) => {
    outgoing.end(Buffer.concat(await incoming.toArray()))
  }, post)
  assert.deepEqual([body, shutdowns], ['hello', 0])
})

test('says first that no more is sent while the client still sends its request', async () => {
  const half = `${GET.replace('GET', 'POST').trimEnd()}\r\nContent-Length: 50\r\n\r\nhello`
  const { body, shutdowns } = await converse((_incoming, outgoing) => outgoing.end('too large'), half)
  assert.deepEqual([body, shutdowns], ['too large', 1])
})

test('leaves a connection that was taken over as it was', async () => {
  let shutdowns = (): number => 0
  const server = createServer()
  server.on('connection', closeInOneStep)
  server.on('upgrade', (_incoming, socket: WithHandle) => {
    shutdowns = countShutdowns(socket)
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    socket.write('bye')
    socket.destroySoon()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
  const told = Buffer.concat(await client.toArray()).toString()
  assert.match(told, /bye$/)
  assert.equal(shutdowns(), 1)
  server.close()
  await once(server, 'close')
})
