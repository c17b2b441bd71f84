import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, createServer as createSecureServer, request } from 'node:https'
import { type AddressInfo, createConnection, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { type Deferred, deferred } from '../../packages/core/build/util/deferred.js'
import { AppRequests } from '../../packages/core/build/worker/entry/app/app-requests.js'
import { AppServer } from '../../packages/core/build/worker/entry/app/app-server.js'
import { makeAuthority } from '../helpers/certificates.js'
import { postText, rawClient } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

const LONG = 20_000
/** Reached only where something is held up. */
const FAR = 10_000
const isLast = (answer = '') => /^connection: close/im.test(answer)
const bodyOf = (answer = '') => answer.slice(answer.indexOf('\r\n\r\n') + 4)
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`

interface Looked extends AsyncDisposable {
  readonly server: Server
  readonly app: AppServer
  readonly requests: AppRequests
  readonly port: number
  /** Those of its connections, in their order. */
  readonly sockets: readonly Socket[]
  /** Lets the app answer `/hold/NAME`, once it is asked. */
  release(name: string): Promise<void>
  /** Until that is asked. */
  held(name: string): Promise<void>
  drain(keepAliveDrainMs?: number, deadlineMs?: number): Promise<{ readonly cut: readonly string[] }>
}

/** An app that is looked after as in a worker: `/hold/NAME` waits for its release, `/big` is large, the rest echoes its path. */
async function look(
  make: (listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void) => Server = createServer,
): Promise<Looked> {
  const holds = new Map<string, Deferred<void>>()
  const server = make((incoming, outgoing) => {
    const { url = '' } = incoming
    const answer = (): void => void outgoing.end(url === '/big' ? 'x'.repeat(40_000_000) : url)
    if (!url.startsWith('/hold/')) return void incoming.resume().once('end', answer)
    const hold = deferred<void>()
    holds.set(url.slice('/hold/'.length), hold)
    void hold.promise.then(answer)
  })
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  const requests = new AppRequests()
  const app = new AppServer(server, requests)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const held = async (name: string): Promise<void> => void (await waitUntil(() => holds.has(name)))
  return {
    server,
    app,
    requests,
    sockets,
    port: (server.address() as AddressInfo).port,
    held,
    async release(name) {
      await held(name)
      holds.get(name)?.resolve()
    },
    drain: (keepAliveDrainMs = LONG, deadlineMs = LONG) => app.drain({ keepAliveDrainMs, deadlineMs }, {}),
    async [Symbol.asyncDispose]() {
      await app.drain({ keepAliveDrainMs: 0, deadlineMs: 0 }, {})
    },
  }
}

describe('a drain of an app', () => {
  it('tells the client of a request in flight that it is the last of its connection', async () => {
    await using app = await look()
    await using client = await rawClient(app.port)
    client.write(get('/first') + get('/hold/busy'))
    await client.answers(1)
    await app.held('busy')
    const report = app.drain()
    await app.release('busy')
    const [first, busy] = await client.answers(2)
    assert.deepEqual([isLast(first), isLast(busy)], [false, true])
    assert.equal(await client.closed(), 'ended')
    assert.deepEqual(await report, { cut: [] })
  })

  it('answers all pipelined requests; the last says close', async () => {
    await using app = await look()
    await using client = await rawClient(app.port)
    client.write(get('/hold/one') + get('/hold/two'))
    await app.held('two')
    const report = app.drain()
    client.write(get('/hold/three'))
    await app.held('three')
    for (const name of ['three', 'one', 'two']) await app.release(name)
    const answers = await client.answers(3)
    assert.deepEqual(answers.map(bodyOf), ['/hold/one', '/hold/two', '/hold/three'])
    assert.deepEqual(answers.map(isLast), [false, false, true])
    assert.equal(await client.closed(), 'ended')
    assert.deepEqual(await report, { cut: [] })
  })

  it('closes connections on which nothing goes on, those that never said a word too', async () => {
    await using app = await look()
    await using silent = await rawClient(app.port)
    await using rested = await rawClient(app.port)
    rested.write(postText('/echo', { text: 'with a body' }))
    await rested.answers(1)
    assert.deepEqual(await app.drain(20), { cut: [] })
    assert.deepEqual([await silent.closed(), await rested.closed()], ['ended', 'ended'])
  })

  const ECHO = postText('/echo', { text: 'whole' })
  for (const [part, length] of [
    ['head', 20],
    ['body', ECHO.length - 5],
  ] as const) {
    it(`waits for a request of which half its ${part} has come, on a connection that was answered before`, async () => {
      await using app = await look()
      await using client = await rawClient(app.port)
      client.write(ECHO)
      await client.answers(1)
      client.write(ECHO.slice(0, length))
      await waitUntil(() => app.sockets[0]?.bytesRead === ECHO.length + length)
      await using idle = await rawClient(app.port)
      const report = app.drain(10)
      // Its window is over.
      await idle.closed()
      client.write(ECHO.slice(length))
      const [, answer] = await client.answers(2)
      assert.ok(isLast(answer), answer)
      assert.deepEqual(await report, { cut: [] })
    })
  }

  it('waits for the rest of a body that was answered before it had come, and for no more', async () => {
    await using app = await look()
    // Else Node ends it.
    Object.assign(app.server, { keepAliveTimeout: 0 })
    await using client = await rawClient(app.port)
    const asked = postText('/hold/none-of-it', { text: 'whole' })
    client.write(asked.slice(0, -5))
    await app.release('none-of-it')
    await client.answers(1)
    client.write(asked.slice(-5))
    assert.deepEqual(await app.drain(20, FAR), { cut: [] })
    assert.equal(await client.closed(), 'ended')
  })

  it('lets a slow reader have its whole answer', async () => {
    await using app = await look()
    await using client = await rawClient(app.port)
    client.socket.pause()
    client.write(get('/big'))
    await waitUntil(() => app.requests.size === 1)
    const report = app.drain(10)
    client.socket.resume()
    const [answer = ''] = await client.answers(1)
    assert.equal(bodyOf(answer).length, 40_000_000)
    assert.deepEqual(await report, { cut: [] })
  })

  it('cuts the rest at its deadline, and says what and after how long', async () => {
    await using app = await look()
    await using client = await rawClient(app.port)
    client.write(get('/hold/stuck?secret=1'))
    await app.held('stuck?secret=1')
    await waitUntil(() => app.requests.oldestMs() > 50)
    const { cut } = await app.drain(10, 60)
    assert.equal(cut.length, 1)
    const [, ms] = /^GET \/hold\/stuck after (\d+) ms$/.exec(cut[0] ?? '') ?? []
    assert.ok(Number(ms) >= 110, cut[0])
  })

  it('goes the same way over TLS', async () => {
    const { key, cert } = makeAuthority().issue('localhost')
    await using app = await look((listener) => createSecureServer({ key, cert }, listener))
    const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })
    const ask = async (path: string) => {
      const sent = request({ port: app.port, path, agent }).end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      return { text: await text(response), connection: response.headers.connection }
    }
    assert.deepEqual(await ask('/idle'), { text: '/idle', connection: 'keep-alive' })
    const asked = Promise.all([ask('/hold/busy'), ask('/hold/other')])
    await app.held('busy')
    await app.held('other')
    assert.equal(app.requests.size, 2)
    const report = app.drain(20)
    await app.release('busy')
    await app.release('other')
    assert.deepEqual(await asked, [
      { text: '/hold/busy', connection: 'close' },
      { text: '/hold/other', connection: 'close' },
    ])
    assert.deepEqual(await report, { cut: [] })
    agent.destroy()
  })
})

describe('the requests of an app', () => {
  it('are known while they are answered: what, for how long, by which id', async () => {
    await using app = await look()
    await using first = await rawClient(app.port)
    first.write('GET /hold/a?b=1 HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\n\r\n')
    await app.held('a?b=1')
    await using second = await rawClient(app.port)
    second.write(get('/hold/b') + get('/hold/c'))
    await app.held('c')
    const shown = app.requests.running.map(({ api, request }) => [api, request.requestId])
    assert.deepEqual(shown, [
      ['GET /hold/a', 'r1'],
      ['GET /hold/b', ''],
      ['GET /hold/c', ''],
    ])
    const ages = app.requests.running.map(({ ageMs }) => ageMs)
    assert.deepEqual(
      ages,
      ages.toSorted((a, b) => b - a),
    )
    assert.ok(app.requests.oldestMs() >= (ages[0] ?? 0))
    assert.deepEqual([app.requests.size, app.requests.ended], [3, 0])
    for (const name of ['a?b=1', 'b', 'c']) await app.release(name)
    await second.answers(2)
    await first.answers(1)
    await waitUntil(() => app.requests.ended === 3)
    assert.deepEqual([app.requests.size, app.requests.oldestMs()], [0, 0])
  })

  it('have ended when their clients have left', async () => {
    await using app = await look()
    await using client = await rawClient(app.port)
    client.write(get('/hold/one') + get('/hold/two'))
    await app.held('two')
    client.socket.destroy()
    await waitUntil(() => app.requests.ended === 2)
    assert.equal(app.requests.size, 0)
  })

  it('tell once that they were so many, when the one has ended that makes them so', async () => {
    await using app = await look()
    const told: number[] = []
    app.requests.setLimit(3, () => told.push(app.requests.ended))
    await using client = await rawClient(app.port)
    client.write(get('/1') + get('/2'))
    await client.answers(2)
    client.write(get('/hold/3'))
    await app.held('3')
    assert.deepEqual(told, [])
    await app.release('3')
    await waitUntil(() => told.length > 0)
    client.write(get('/4'))
    await client.answers(4)
    assert.deepEqual(told, [3])
  })

  it('are counted where the app answers on checkContinue too', async () => {
    await using app = await look()
    app.server.on('checkContinue', (_incoming: IncomingMessage, outgoing: ServerResponse) => {
      assert.equal(app.requests.size, 1)
      outgoing.end('checked')
    })
    const socket = createConnection(app.port)
    socket.end('POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx')
    assert.match(await text(socket), /checked$/)
    assert.deepEqual([app.requests.size, app.requests.ended], [0, 0])
  })
})
