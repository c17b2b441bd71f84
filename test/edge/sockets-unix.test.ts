import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ListenSocket } from '../../packages/core/build/supervisor/listen-socket.js'
import { openUnixSocket, type UnixSocketOptions } from '../../packages/core/build/supervisor/unix-socket.js'
import { startOnDescriptor } from '../helpers/descriptor-worker.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { backlogOf, openDescriptors, openUnixClient } from '../helpers/socket-facts.js'
import { socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

const BACKLOG = 64
const WORKER = 'answers-on-fd-4.cjs'

interface OpenSocket extends ListenSocket, Disposable {}

async function open(path: string, options: Partial<UnixSocketOptions> = {}): Promise<OpenSocket> {
  const given = { path, option: '--uds', mode: 0o660, backlog: BACKLOG, owner: undefined, ...options }
  const socket = await openUnixSocket(given)
  return { ...socket, [Symbol.dispose]: () => socket.close() }
}

/** The code, message and hint of a failed opening; what opens by mistake is closed. */
async function failureOf(path: string): Promise<{ code: string; message: string; hint: string }> {
  try {
    const socket = await open(path)
    socket.close()
  } catch (error) {
    return error as { code: string; message: string; hint: string }
  }
  throw new Error('it opened')
}

const startWorker = (socket: ListenSocket) => startOnDescriptor(WORKER, socket.fd, [String(BACKLOG)])
const modeOf = (path: string) => lstatSync(path).mode & 0o777

async function listening(path: string): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
  return server
}

/** Leaves a socket behind as a process does that is killed. */
async function leaveStale(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await runNodeToEnd(['-e', script])
  assert.ok(lstatSync(path).isSocket())
}

test('a Unix socket is told by its path, and is gone when it is closed', async () => {
  await using at = await socketFolder()
  using socket = await open(at.socket)
  const { host, port, addresses, url, backlog } = socket
  assert.deepEqual(
    { host, port, addresses, url, backlog },
    { host: at.socket, port: 0, addresses: [at.socket], url: `unix:${at.socket}`, backlog: BACKLOG },
  )
  assert.ok(lstatSync(at.socket).isSocket())
  socket.close()
  assert.ok(!existsSync(at.socket))
})

test('clients that come before any worker wait and are answered; so do those that come while all are dead', async () => {
  await using at = await socketFolder()
  using socket = await open(at.socket)
  using early = openUnixClient(at.socket)
  await early.connected
  const first = await startWorker(socket)
  assert.equal(await early.answer, String(first.pid))
  await first.kill('SIGKILL')
  using late = openUnixClient(at.socket)
  await late.connected
  await using second = await startWorker(socket)
  assert.equal(await late.answer, String(second.pid))
})

test('the claim and a worker keep the backlog that was asked for', async (t) => {
  await using at = await socketFolder()
  using socket = await open(at.socket)
  const claimed = await backlogOf(at.socket)
  await using _worker = await startWorker(socket)
  if (claimed === undefined) t.skip('ss is not installed')
  else assert.deepEqual([claimed, await backlogOf(at.socket)], [BACKLOG, BACKLOG])
})

for (const mode of [0o660, 0o600, 0o666, 0o777, 0o640]) {
  test(`it has the mode 0${mode.toString(8)}, whatever the umask is, which stays as it was`, async () => {
    await using at = await socketFolder()
    for (const umask of [0o077, 0o000]) {
      const before = process.umask(umask)
      try {
        using _socket = await open(at.socket, { mode })
        assert.equal(modeOf(at.socket), mode)
        assert.equal(process.umask(), umask)
      } finally {
        process.umask(before)
      }
    }
  })
}

test('it belongs to whom it is given', async (t) => {
  if (process.getuid?.() !== 0) {
    t.skip('only root can give a file away')
    return
  }
  await using at = await socketFolder()
  using _socket = await open(at.socket, { owner: { uid: 65_001, gid: 65_002 } })
  const { uid, gid } = lstatSync(at.socket)
  assert.deepEqual([uid, gid], [65_001, 65_002])
})

test('what a killed process left is replaced', async () => {
  await using at = await socketFolder()
  await leaveStale(at.socket)
  using socket = await open(at.socket)
  await using worker = await startWorker(socket)
  using client = openUnixClient(at.socket)
  assert.equal(await client.answer, String(worker.pid))
})

test('one that somebody listens on is in use, and goes on to work', async () => {
  await using at = await socketFolder()
  const server = await listening(at.socket)
  try {
    const { code, message, hint } = await failureOf(at.socket)
    assert.equal(code, 'EKB_ERR_SOCKET_IN_USE')
    assert.equal(message, `Cannot listen on ${at.socket}: the address is in use by pid ${process.pid} (node)`)
    assert.match(hint, /--uds/)
    using client = openUnixClient(at.socket)
    await client.connected
  } finally {
    server.close()
  }
})

test('one that nobody accepts on, with its queue full, is in use', async () => {
  await using at = await socketFolder()
  using _first = await open(at.socket, { backlog: 1 })
  const clients = Array.from({ length: 2 }, () => openUnixClient(at.socket))
  await Promise.all(clients.map(({ connected }) => connected))
  assert.equal((await failureOf(at.socket)).code, 'EKB_ERR_SOCKET_IN_USE')
  for (const client of clients) client[Symbol.dispose]()
})

test('of five that open one path at once, where a dead socket is, one has it and the others are told', async () => {
  await using at = await socketFolder()
  await leaveStale(at.socket)
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => open(at.socket)))
  const opened = results.filter((result) => result.status === 'fulfilled')
  assert.equal(opened.length, 1)
  for (const result of results) {
    if (result.status === 'rejected') assert.equal(result.reason.code, 'EKB_ERR_SOCKET_IN_USE')
  }
  using client = openUnixClient(at.socket)
  await client.connected
  for (const { value } of opened) value.close()
})

for (const [what, make] of [
  ['a file', (path: string) => writeFileSync(path, 'precious')],
  ['a folder', (path: string) => mkdirSync(path)],
  ['a link', (path: string) => symlinkSync('/nowhere', path)],
] as const) {
  test(`${what} is not removed`, async () => {
    await using at = await socketFolder()
    make(at.socket)
    const before = lstatSync(at.socket)
    const { code, message, hint } = await failureOf(at.socket)
    assert.equal(code, 'EKB_ERR_SOCKET_UNAVAILABLE')
    assert.equal(message, `Cannot listen on ${at.socket}: something that is no socket is there`)
    assert.match(hint, /--uds/)
    assert.equal(lstatSync(at.socket).ino, before.ino)
    if (before.isFile()) assert.equal(readFileSync(at.socket, 'utf8'), 'precious')
  })
}

test('a path of more than 100 bytes is refused, one of 100 is not', async () => {
  await using at = await socketFolder()
  const longest = `${at.path}/${'é'.repeat(2)}`.padEnd(100 - 2, 'x')
  assert.equal(Buffer.byteLength(longest), 100)
  using _socket = await open(longest)
  const { code, message, hint } = await failureOf(`${longest}x`)
  assert.equal(code, 'EKB_ERR_SOCKET_PATH_TOO_LONG')
  assert.match(message, /is 101 bytes long, over the limit of 100/)
  assert.match(hint, /--uds a shorter path/)
})

test('a folder that is not there is named', async () => {
  await using at = await socketFolder()
  const { code, message } = await failureOf(join(at.path, 'missing', 's'))
  assert.equal(code, 'EKB_ERR_SOCKET_UNAVAILABLE')
  assert.match(message, /its folder .*missing does not exist/)
})

test('a file that took its place meanwhile is left where it is', async () => {
  await using at = await socketFolder()
  const socket = await open(at.socket)
  rmSync(at.socket)
  const other = await listening(join(at.path, 'other'))
  renameSync(join(at.path, 'other'), at.socket)
  socket.close()
  try {
    using client = openUnixClient(at.socket)
    await client.connected
  } finally {
    other.close()
  }
})

test('neither success nor failure leaves a descriptor open', async () => {
  await using at = await socketFolder()
  using _held = await open(at.socket)
  await failureOf(at.socket)
  const before = openDescriptors()
  for (let round = 0; round < 5; round++) {
    const socket = await open(join(at.path, 't'))
    await failureOf(at.socket)
    socket.close()
  }
  await waitUntil(() => openDescriptors() <= before, { describe: `${before} descriptors` })
})
