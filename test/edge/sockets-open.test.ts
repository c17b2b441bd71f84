import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bindTcp } from '../../packages/core/build/net/private-api.js'
import { AppSockets } from '../../packages/core/build/supervisor/app-sockets.js'
import { type ListenSocket, openListenSocket } from '../../packages/core/build/supervisor/listen-socket.js'
import { startOnDescriptor } from '../helpers/descriptor-worker.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { freePort, openClient, openDescriptors, restingConnections } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const BACKLOG = 64
const IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))
const needsIpv6 = (address: string) => (IPV6 || !address.includes(':') ? false : 'this machine has no IPv6')
const open = (host: string, port = 0) => openListenSocket({ host, port, backlog: BACKLOG })

/** The code and message of a failed opening; what opens by mistake is closed. */
async function failureOf(opening: Promise<ListenSocket>): Promise<{ code: string; message: string; hint: string }> {
  try {
    const socket = await opening
    socket.close()
  } catch (error) {
    return error as { code: string; message: string; hint: string }
  }
  throw new Error('it opened')
}

async function listening(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host, resolve)
  })
  return { server, port: (server.address() as { port: number }).port }
}

const ADDRESSES: readonly (readonly [host: string, family: 4 | 6, urlHost: string])[] = [
  ['127.0.0.1', 4, '127.0.0.1'],
  ['0.0.0.0', 4, '127.0.0.1'],
  ['::1', 6, '[::1]'],
  ['::', 6, '[::1]'],
]

for (const [host, family, urlHost] of ADDRESSES) {
  test(`${host} is opened on a free port, and its URL works`, { skip: needsIpv6(host) }, async () => {
    const socket = await open(host)
    try {
      assert.equal(socket.host, host)
      assert.equal(socket.family, family)
      assert.deepEqual(socket.addresses, [host])
      assert.ok(socket.port > 0)
      assert.equal(socket.url, `http://${urlHost}:${socket.port}`)
      using client = openClient(new URL(socket.url).hostname.replace(/[[\]]/g, ''), socket.port)
      await client.connected
    } finally {
      socket.close()
    }
  })
}

test('a name binds the first of its addresses and tells all of them', async () => {
  const socket = await open('localhost')
  try {
    assert.equal(socket.host, socket.addresses[0])
    assert.ok(socket.addresses.every((address) => address === '127.0.0.1' || address === '::1'))
  } finally {
    socket.close()
  }
})

test('an address in a short spelling is bound as what it means', async () => {
  const socket = await open('127.1')
  try {
    assert.equal(socket.host, '127.0.0.1')
  } finally {
    socket.close()
  }
})

const TAKEN: readonly (readonly [held: string, asked: string])[] = [
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.1', '0.0.0.0'],
  ['127.0.0.1', '::'],
  ['0.0.0.0', '127.0.0.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['0.0.0.0', '::'],
  ['::1', '::1'],
  ['::1', '::'],
  ['::', '127.0.0.1'],
  ['::', '0.0.0.0'],
  ['::', '::1'],
  ['::', '::'],
]

for (const [held, asked] of TAKEN) {
  test(`a port that is listened to on ${held} is in use on ${asked}`, { skip: needsIpv6(held + asked) }, async () => {
    const { server, port } = await listening(held)
    try {
      const failure = await failureOf(open(asked, port))
      assert.equal(failure.code, 'EKB_ERR_SOCKET_IN_USE')
      const address = asked.includes(':') ? `[${asked}]:${port}` : `${asked}:${port}`
      assert.ok(failure.message.includes(address), failure.message)
      assert.match(failure.message, new RegExp(`by pid ${process.pid} \\(node\\)$`))
      assert.match(failure.hint, /--port/)
    } finally {
      server.close()
    }
  })
}

for (const address of ['127.0.0.1', '0.0.0.0', '::']) {
  test(`of two bound to ${address}, the first to listen has it`, { skip: needsIpv6(address) }, async () => {
    const family = address.includes(':') ? 6 : 4
    const bound = bindTcp({ address, port: 0, family })
    const socket = await open(address, bound.port)
    try {
      assert.equal(socket.port, bound.port)
      assert.throws(() => bound.listen(BACKLOG), { code: 'EADDRINUSE' })
    } finally {
      socket.close()
      bound.close()
    }
  })
}

test('of three that open one port at once, one has it and the others are told', async () => {
  const port = await freePort()
  const results = await Promise.allSettled([1, 2, 3].map(() => open('127.0.0.1', port)))
  const opened = results.filter((result) => result.status === 'fulfilled')
  for (const { value } of opened) value.close()
  assert.equal(opened.length, 1)
  for (const result of results) {
    if (result.status === 'rejected') assert.equal(result.reason.code, 'EKB_ERR_SOCKET_IN_USE')
  }
})

test('a second instance is told at once, with the first one as the owner', async () => {
  const socket = await open('127.0.0.1')
  try {
    const failure = await failureOf(open('127.0.0.1', socket.port))
    assert.equal(failure.code, 'EKB_ERR_SOCKET_IN_USE')
    assert.match(failure.message, new RegExp(`by pid ${process.pid} `))
  } finally {
    socket.close()
  }
})

test('an owner that names itself is shown by that name', async () => {
  const script =
    "process.title = 'ekiben: Owner'; const s = require('net').createServer().listen(0, '127.0.0.1', () => process.send(s.address().port))"
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  try {
    const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))))
    const failure = await failureOf(open('127.0.0.1', port))
    assert.match(failure.message, new RegExp(`by pid ${child.pid} \\(ekiben: Owner\\)$`))
  } finally {
    child.kill('SIGKILL')
  }
})

test('a port is opened again right after its connections closed', async () => {
  const first = await open('127.0.0.1', await freePort())
  await using worker = await startOnDescriptor('answers-on-fd-4.cjs', first.fd, [String(BACKLOG)])
  using client = openClient('127.0.0.1', first.port)
  assert.equal(await client.answer, String(worker.pid))
  // The side that closed first keeps the port: it was the worker.
  await waitUntil(() => restingConnections(first.port) > 0, { describe: 'a connection in TIME_WAIT' })
  first.close()
  await worker.kill('SIGKILL')
  const second = await open('127.0.0.1', first.port)
  second.close()
})

test('a port that an app asks for as its supervisor lets go of all is not kept', async () => {
  const port = await freePort()
  const settings = { host: '127.0.0.1', port: 3000, uds: undefined, backlog: BACKLOG, sources: {}, app: undefined }
  const sockets = new AppSockets(settings)
  const given = sockets.give({ port, host: undefined }, 1)
  sockets.close()
  await assert.rejects(given, { code: 'EKB_ERR_STOPPED_BEFORE_READY' })
  const again = await open('127.0.0.1', port)
  again.close()
})

const UNPRIVILEGED_FROM = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
const anyPort = UNPRIVILEGED_FROM < 1024 ? 'this machine lets every user listen on every port' : false

test('a privileged port is denied', { skip: anyPort }, async () => {
  const fixture = join(__dirname, '../fixtures/sockets/opens-privileged-port.cjs')
  const { stdout } = await runNodeToEnd([fixture])
  assert.equal(stdout, 'EKB_ERR_SOCKET_DENIED Not allowed to listen on 127.0.0.1:1023: permission denied (EACCES)')
})

const UNAVAILABLE: readonly (readonly [host: string, reason: RegExp])[] = [
  ['192.0.2.1', /^Cannot listen on 192\.0\.2\.1:0: it is no address of this machine \(EADDRNOTAVAIL\)$/],
  ['no-such-name.invalid', /the name 'no-such-name\.invalid' is not known/],
  ['', /the host is empty/],
]

for (const [host, reason] of UNAVAILABLE) {
  test(`host '${host}' is unavailable`, async () => {
    const failure = await failureOf(open(host))
    assert.equal(failure.code, 'EKB_ERR_SOCKET_UNAVAILABLE')
    assert.match(failure.message, reason)
  })
}

test('neither success nor failure leaves a descriptor open', async () => {
  const held = await open('127.0.0.1')
  await failureOf(open('127.0.0.1', held.port))
  const before = openDescriptors()
  for (let round = 0; round < 5; round++) {
    const socket = await open('127.0.0.1')
    await failureOf(open('127.0.0.1', held.port))
    socket.close()
  }
  await waitUntil(() => openDescriptors() <= before, { describe: `${before} descriptors` })
  held.close()
})
