import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { type ListenSocket, openListenSocket } from '../../packages/core/build/supervisor/listen-socket.js'
import { startOnDescriptor } from '../helpers/descriptor-worker.js'
import { backlogOf, type Client, openClient, waitingConnections } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const BACKLOG = 2048
/** More than the 511 that Node gives a server by default. */
const MANY = 600
const WORKER = 'answers-on-fd-4.cjs'

interface OpenSocket extends ListenSocket, Disposable {}

async function open(): Promise<OpenSocket> {
  const socket = await openListenSocket({ host: '127.0.0.1', port: 0, backlog: BACKLOG })
  return { ...socket, [Symbol.dispose]: () => socket.close() }
}

const startWorker = (socket: ListenSocket) => startOnDescriptor(WORKER, socket.fd, [String(BACKLOG)])

function openClients(socket: ListenSocket, count: number): Client[] {
  return Array.from({ length: count }, () => openClient(socket.host, socket.port))
}

function closeAll(clients: readonly Client[]): void {
  for (const client of clients) client[Symbol.dispose]()
}

test('clients that come before any worker wait and are answered; the supervisor accepts none', async () => {
  using socket = await open()
  const clients = openClients(socket, 10)
  await Promise.all(clients.map(({ connected }) => connected))
  assert.equal(waitingConnections(socket.port), 10)
  await using worker = await startWorker(socket)
  const answers = await Promise.all(clients.map(({ answer }) => answer))
  assert.deepEqual(answers, Array(10).fill(String(worker.pid)))
})

test('a worker listens on the address of the socket', async () => {
  using socket = await open()
  await using worker = await startWorker(socket)
  assert.deepEqual(worker.message, { address: socket.host, family: 'IPv4', port: socket.port })
})

test('clients that come while every worker is dead wait, and none is refused', async () => {
  using socket = await open()
  const workers = await Promise.all([startWorker(socket), startWorker(socket)])
  using early = openClient(socket.host, socket.port)
  await early.answer
  await Promise.all(workers.map((worker) => worker.kill('SIGKILL')))
  const clients = openClients(socket, 10)
  await Promise.all(clients.map(({ connected }) => connected))
  await using worker = await startWorker(socket)
  const answers = await Promise.all(clients.map(({ answer }) => answer))
  assert.deepEqual(answers, Array(10).fill(String(worker.pid)))
})

test('the claim and each worker keep the backlog that was asked for', async (t) => {
  using socket = await open()
  const somaxconn = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
  const expected = Math.min(BACKLOG, somaxconn)
  const claimed = await backlogOf(socket.port)
  await using worker = await startWorker(socket)
  if (claimed === undefined) t.diagnostic('ss is not installed: the queue is only counted')
  else assert.deepEqual([claimed, await backlogOf(socket.port)], [expected, expected])
  await worker.kill('SIGSTOP')
  const clients = openClients(socket, MANY)
  // A queue of n holds n + 1.
  const queued = Math.min(MANY, somaxconn + 1)
  await waitUntil(() => waitingConnections(socket.port) >= queued, { describe: `${queued} clients in the queue` })
  closeAll(clients)
})

test('the socket reaches neither a process that a worker starts nor another of the supervisor', async () => {
  using socket = await open()
  const inode = readlinkSync(`/proc/self/fd/${socket.fd}`)
  assert.match(inode, /^socket:\[\d+\]$/)
  await using worker = await startOnDescriptor('shows-grandchild-descriptors.cjs', socket.fd, [])
  assert.match(String(worker.message), / 0 -> \/dev\/null/)
  assert.ok(!String(worker.message).includes(inode), String(worker.message))
  const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' })
  assert.ok(!stdout.includes(inode), stdout)
})

test('after close a worker still accepts; once it is gone too, clients are refused', async () => {
  using socket = await open()
  await using worker = await startWorker(socket)
  socket.close()
  using served = openClient(socket.host, socket.port)
  assert.equal(await served.answer, String(worker.pid))
  await worker.kill('SIGKILL')
  using refused = openClient(socket.host, socket.port)
  await assert.rejects(refused.connected, { code: 'ECONNREFUSED' })
})

test('closing twice does not close what has taken the number since', async () => {
  using first = await open()
  first.close()
  using second = await open()
  assert.equal(second.fd, first.fd)
  first.close()
  using client = openClient(second.host, second.port)
  await client.connected
})
