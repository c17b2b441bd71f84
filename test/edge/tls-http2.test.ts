import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as think } from 'node:timers/promises'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { NodeHostOptions } from '../../packages/core/build/http/node-host.js'
import { CountTable } from '../../packages/core/build/metrics/count-table.js'
import type { CallContext } from '../../packages/core/build/service/call-context.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { deferred } from '../../packages/core/build/util/deferred.js'
import { makeAuthority } from '../helpers/certificates.js'
import { encrypting, startHost, type TestHost } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

const authority = makeAuthority()
const TLS = encrypting(authority.issue('localhost'))
const LONG = 60_000
const held = new Map<string, () => void>()
const facts: string[] = []

const Api = defineService(
  class Api {
    echo(input: unknown) {
      return input
    }
    about(_: unknown, { remoteAddress, headers, response }: CallContext) {
      response.setCookie('a', '1')
      response.setCookie('b', '2')
      response.setHeader('X-Own', ['one', 'two'])
      return { remoteAddress, agent: headers?.['user-agent'] }
    }
    async hold({ name }: { name: string }, { signal }: CallContext) {
      signal.addEventListener('abort', () => {
        facts.push(`${name} left`)
        held.get(name)?.()
      })
      await new Promise<void>((resolve) => held.set(name, resolve))
      return name
    }
    async wait() {
      await new Promise<void>((resolve) => held.set('wait', resolve))
    }
    async *count({ to, fail }: { to: number; fail?: boolean }) {
      // Those of one turn of the event loop are sent together.
      for (let n = 1; n <= to; n++) yield `${n}\n`
      if (fail === true) throw new Error('no more')
    }
    async *endless() {
      try {
        for (;;) yield 'x'.repeat(60_000)
      } finally {
        facts.push('endless ended')
      }
    }
    big() {
      return 'x'.repeat(20_000_000)
    }
    nothing() {
      return new Response(null, { status: 204 })
    }
  },
  {
    apis: {
      echo: { bodyLimit: 2_000_000 },
      about: {},
      hold: {},
      wait: {},
      count: { stream: true },
      endless: { stream: true },
      big: {},
      nothing: {},
    },
  },
)

interface Client extends AsyncDisposable {
  readonly session: ClientHttp2Session
  readonly goaways: readonly number[]
  /** `null`: its body is still to come, or it has none. */
  open(path: string, body?: unknown, headers?: Record<string, string>): ClientHttp2Stream
  ask(path: string, body?: unknown, headers?: Record<string, string>): Promise<H2Answer>
}

interface H2Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

function startSecureHost(options: Partial<NodeHostOptions> = {}): Promise<TestHost> {
  return startHost(Api, { tls: TLS, ...options })
}

async function http2Client({ port }: TestHost): Promise<Client> {
  const session = connect(`https://127.0.0.1:${port}`, { ca: authority.cert })
  const goaways: number[] = []
  session.on('goaway', (code: number) => void goaways.push(code))
  session.on('error', () => {})
  await once(session, 'connect')
  const open: Client['open'] = (path, body = {}, headers = {}) => {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/json', ...headers })
    stream.on('error', () => {})
    if (body !== null) stream.end(typeof body === 'string' ? body : JSON.stringify(body))
    return stream
  }
  return {
    session,
    goaways,
    open,
    ask: (path, body, headers) => answerOf(open(path, body, headers)),
    [Symbol.asyncDispose]: async () => session.destroy(),
  }
}

/** Rejects with the code by which the stream was closed, if not at its end. */
async function answerOf(stream: ClientHttp2Stream): Promise<H2Answer> {
  let text = ''
  let headers: IncomingHttpHeaders | undefined
  stream.setEncoding('utf8')
  stream.on('data', (piece: string) => {
    text += piece
  })
  await new Promise<void>((resolve) => {
    let isEnded = false
    stream.once('response', (received) => {
      headers = received
      if (isEnded) resolve()
    })
    // Without a body it is at its end before its head is told. A client on Node 20 that has more to send does not close.
    stream.once('end', () => {
      isEnded = true
      if (headers !== undefined) resolve()
    })
    stream.once('close', resolve)
  })
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`closed by ${stream.rstCode}: ${text}`)
  return { status: Number(headers?.[':status'] ?? 0), headers: headers ?? {}, text }
}

async function tlsClient({ port }: TestHost, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert, ...options })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket
}

interface HaltingRelay extends AsyncDisposable {
  readonly port: number
  /** The first byte has been passed on. */
  readonly begun: Promise<void>
  goOn(): void
}

/** Passes a connection on, and halts after the first byte that its client sends. */
async function haltingRelay(target: number): Promise<HaltingRelay> {
  const begun = deferred()
  let goOn = (): void => {}
  const server = createServer((client) => {
    const upstream = connectTcp(target, '127.0.0.1')
    upstream.on('error', () => {}).pipe(client)
    client
      .on('error', () => {})
      .once('data', (hello: Buffer) => {
        client.pause()
        upstream.write(hello.subarray(0, 1), () => begun.resolve())
        goOn = () => {
          upstream.write(hello.subarray(1))
          client.pipe(upstream)
        }
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    begun: begun.promise,
    goOn: () => goOn(),
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

describe('the built-in host over HTTP/2', () => {
  test('answers many requests side by side on one connection', async () => {
    await using host = await startSecureHost()
    await using client = await http2Client(host)
    const held1 = client.ask('/hold', { name: 'first' })
    await waitUntil(() => held.has('first'))
    const texts = Array.from({ length: 50 }, (_, n) => ({ n }))
    const answers = await Promise.all(texts.map((text) => client.ask('/echo', text)))
    assert.deepEqual(
      answers.map(({ text }) => JSON.parse(text)),
      texts,
    )
    held.get('first')?.()
    assert.deepEqual((await held1).text, '"first"'.slice(1, -1))
    await waitUntil(() => host.log.filter(({ message }) => message === 'request').length === 51)
  })

  test('gives headers their HTTP/2 form: cookies and lists whole, nothing about the connection', async () => {
    await using host = await startSecureHost()
    await using client = await http2Client(host)
    const { status, headers, text } = await client.ask('/about', {}, { 'user-agent': 'test', 'x-request-id': 'mine' })
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text), { remoteAddress: '127.0.0.1', agent: 'test' })
    assert.deepEqual(headers['set-cookie'], ['a=1; Path=/', 'b=2; Path=/'])
    assert.equal(headers['x-own'], 'one, two')
    assert.equal(headers['x-request-id'], 'mine')
    assert.equal(headers['content-length'], String(text.length))
    assert.equal(headers.connection, undefined)
    const get = { ':method': 'GET' }
    assert.equal((await client.ask('/livez', null, get)).status, 200)
    assert.equal((await client.ask('/livez', null, { ':method': 'HEAD' })).status, 200)
    assert.equal((await client.ask('/nothing')).status, 204)
    assert.equal((await client.ask('/nowhere')).status, 404)
    assert.equal((await client.ask('/echo', null, get)).status, 405)
  })

  test('takes bodies in many pieces, with and without a length, with trailers and with Expect', async () => {
    await using host = await startSecureHost()
    await using client = await http2Client(host)
    const large = JSON.stringify({ text: 'ä'.repeat(400_000) })
    assert.equal((await client.ask('/echo', large)).text, large)
    const length = String(Buffer.byteLength(large))
    assert.equal((await client.ask('/echo', large, { 'content-length': length })).text, large)
    assert.equal((await client.ask('/echo', large, { expect: '100-continue' })).text, large)
    const head = { ':method': 'POST', ':path': '/echo', 'content-type': 'application/json' }
    const stream = client.session.request(head, { waitForTrailers: true } as object)
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': '1' }))
    stream.end('{"a":1}')
    assert.equal((await answerOf(stream)).text, '{"a":1}')
  })

  test('refuses a body that is too large, and takes no more of it', async () => {
    await using host = await startSecureHost()
    await using client = await http2Client(host)
    const stream = client.open('/echo', null, { 'content-length': '20000000' })
    const answer = await answerOf(stream)
    assert.equal(answer.status, 413)
    assert.match(answer.text, /EKB_ERR_BODY_TOO_LARGE/)
    const unsaid = client.open('/echo', null)
    unsaid.write('x'.repeat(3_000_000))
    assert.equal((await answerOf(unsaid)).status, 413)
    assert.equal((await client.ask('/echo', { after: true })).text, '{"after":true}')
  })

  test('refuses a body that does not come', async () => {
    const receive = { headersTimeoutMs: 100, requestTimeoutMs: 100, checkIntervalMs: LONG }
    await using host = await startSecureHost({ receive })
    await using client = await http2Client(host)
    const stream = client.open('/echo', null)
    stream.write('{"a":')
    const { status, text } = await answerOf(stream)
    assert.deepEqual([status, /EKB_ERR_HTTP_SLOW_REQUEST/.test(text)], [408, true])
    assert.equal((await client.ask('/echo', { after: true })).status, 200)
  })

  test('gives a call its time once its body is there, though its end is told later', async () => {
    const receive = { headersTimeoutMs: 200, requestTimeoutMs: 200, checkIntervalMs: LONG }
    await using host = await startSecureHost({ receive })
    await using client = await http2Client(host)
    const stream = client.open('/wait', null, { 'content-length': '0' })
    const answer = answerOf(stream)
    await waitUntil(() => held.has('wait'))
    stream.end()
    await think(600)
    held.get('wait')?.()
    assert.equal((await answer).status, 200)
  })

  test('runs no call of a body that was cut off', async () => {
    await using host = await startSecureHost()
    await using client = await http2Client(host)
    const stream = client.open('/echo', null)
    await new Promise((resolve) => stream.write('{"half":', resolve))
    client.session.destroy()
    await waitUntil(() => host.log.some(({ fields }) => fields.status === 499), {
      describe: () => JSON.stringify(host.log),
    })
    assert.equal(host.log.filter(({ message }) => message === 'request').length, 1)
    assert.equal(
      host.log.some(({ level }) => level === 'error'),
      false,
    )
  })

  test('streams to the end, keeps pace with its client, and shows an end that is none', async () => {
    await using host = await startSecureHost()
    await using client = await http2Client(host)
    assert.equal((await client.ask('/count', { to: 3 })).text, '1\n2\n3\n')
    await assert.rejects(client.ask('/count', { to: 3, fail: true }), /closed by 2: 1\n2\n3\n/)
    const stream = client.open('/endless')
    await once(stream, 'data')
    stream.pause()
    await once(stream, 'readable')
    stream.close(constants.NGHTTP2_CANCEL)
    await waitUntil(() => facts.includes('endless ended'))
    assert.equal((await client.ask('/echo', { after: true })).status, 200)
  })

  test('ends a call whose client has left, by its stream or with its whole connection', async () => {
    await using host = await startSecureHost()
    await using client = await http2Client(host)
    const stream = client.open('/hold', { name: 'stream' })
    await waitUntil(() => held.has('stream'))
    stream.close(constants.NGHTTP2_CANCEL)
    await waitUntil(() => facts.includes('stream left'))
    client.open('/hold', { name: 'connection' })
    await waitUntil(() => held.has('connection'))
    client.session.destroy()
    await waitUntil(() => facts.includes('connection left'))
    await waitUntil(() => host.log.filter(({ fields }) => fields.status === 499).length === 2)
  })

  test('drains: answers what is open, tells its clients to go with the next answer, and ends with the last', async () => {
    await using host = await startSecureHost()
    await using busy = await http2Client(host)
    await using resting = await http2Client(host)
    assert.equal((await resting.ask('/echo', { a: 1 })).status, 200)
    const running = busy.ask('/hold', { name: 'busy' })
    await waitUntil(() => held.has('busy'))
    const report = host.drain(LONG, LONG)
    await waitUntil(() => busy.goaways.length > 0)
    assert.deepEqual(resting.goaways, [])
    const gone = once(resting.session, 'close')
    assert.equal((await resting.ask('/echo', { b: 1 })).text, '{"b":1}')
    await gone
    assert.deepEqual(new Set([...resting.goaways, ...busy.goaways]), new Set([constants.NGHTTP2_NO_ERROR]))
    held.get('busy')?.()
    assert.equal((await running).text, 'busy')
    assert.deepEqual(await report, { cut: [] })
  })

  test('closes what rests once the time for that is over, and cuts the rest at the deadline', async () => {
    await using host = await startSecureHost()
    await using resting = await http2Client(host)
    assert.equal((await resting.ask('/echo', {})).status, 200)
    await using busy = await http2Client(host)
    const running = busy.ask('/hold', { name: 'cut' }).catch(String)
    await waitUntil(() => held.has('cut'))
    const gone = once(resting.session, 'close')
    const { cut } = await host.drain(50, 2_000)
    await gone
    assert.deepEqual(resting.goaways, [constants.NGHTTP2_NO_ERROR])
    assert.match(String(cut), /^POST \/hold after \d+ ms$/)
    assert.match(String(await running), /closed by/)
  })

  test('lets a slow reader have its whole answer, and says what it cuts of one', async () => {
    for (const isRead of [true, false]) {
      await using host = await startSecureHost()
      await using client = await http2Client(host)
      const stream = client.open('/big')
      await once(stream, 'data')
      stream.pause()
      await waitUntil(() => host.log.some(({ message }) => message === 'request'))
      const report = host.drain(20, isRead ? LONG : 300)
      if (isRead) {
        await think(200)
        stream.resume()
      }
      assert.deepEqual(await report, { cut: isRead ? [] : ['an answer of which its client had not taken all'] })
    }
  })

  test('closes a connection that rests for longer than it is kept, and none on which a call runs', async () => {
    await using host = await startSecureHost({ keepAliveTimeoutMs: 200 })
    await using client = await http2Client(host)
    const running = client.ask('/hold', { name: 'long' })
    await waitUntil(() => held.has('long'))
    await using other = await http2Client(host)
    await once(other.session, 'close')
    held.get('long')?.()
    assert.equal((await running).status, 200)
    await once(client.session, 'close')
  })
})

describe('a host of mounts', () => {
  test('is not offered HTTP/2, which their handlers do not know', async () => {
    const mounts = [{ path: '/old', handler: () => {} }]
    await using host = await startSecureHost({ mounts })
    const socket = await tlsClient(host, { ALPNProtocols: ['h2', 'http/1.1'] })
    assert.equal(socket.alpnProtocol, 'http/1.1')
    socket.destroy()
  })
})

describe('connections that never come to be encrypted', () => {
  test('are closed once the time for the handshake is over, and counted', async () => {
    const handshakes = new CountTable()
    const receive = { headersTimeoutMs: LONG, requestTimeoutMs: LONG, checkIntervalMs: LONG, handshakeTimeoutMs: 100 }
    await using host = await startSecureHost({ receive, handshakes })
    const silent = connectTcp(host.port, '127.0.0.1').resume()
    const slow = connectTcp(host.port, '127.0.0.1').resume()
    // The head of a ClientHello.
    slow.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
    await Promise.all([once(silent, 'close'), once(slow, 'close')])
    assert.deepEqual(
      handshakes.take().map(([reason, , count]) => [reason, count]),
      [['timeout', 2]],
    )
    assert.equal(host.log.filter(({ message }) => message === 'TLS handshake failed').length, 1)
  })

  test('are let go at once where their clients say that they are done, as balancers that look for an open port do', async () => {
    const handshakes = new CountTable()
    const receive = { headersTimeoutMs: LONG, requestTimeoutMs: LONG, checkIntervalMs: LONG, handshakeTimeoutMs: LONG }
    await using host = await startSecureHost({ receive, handshakes })
    const looking = connectTcp(host.port, '127.0.0.1').resume()
    looking.end()
    const breaking = connectTcp(host.port, '127.0.0.1').resume()
    breaking.end(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
    await Promise.all([once(looking, 'close'), once(breaking, 'close')])
    await waitUntil(() => host.log.filter(({ message }) => message === 'TLS handshake failed').length === 2)
    assert.deepEqual(
      handshakes.take().map(([reason, , count]) => [reason, count]),
      [['disconnected', 2]],
    )
    assert.deepEqual(
      host.log.filter(({ message }) => message === 'TLS handshake failed').map(({ level }) => level),
      ['debug', 'debug'],
    )
  })

  test('hold no drain up that has time for them, and one that has begun is waited for', async () => {
    await using host = await startSecureHost()
    const silent = connectTcp(host.port, '127.0.0.1').resume()
    await once(silent, 'connect')
    await using relay = await haltingRelay(host.port)
    const handshake = tlsClient({ ...host, port: relay.port })
    await relay.begun
    const report = host.drain(50, LONG)
    await once(silent, 'close')
    relay.goOn()
    const client = await handshake
    client.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
    const [answer] = (await once(client, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 200[\s\S]*connection: close/i)
    assert.deepEqual(await report, { cut: [] })
  })

  test('end with the host', async () => {
    const host = await startSecureHost()
    const silent = connectTcp(host.port, '127.0.0.1').resume()
    const secure = await tlsClient(host)
    await Promise.all([once(silent, 'close'), once(secure.resume(), 'close'), host[Symbol.asyncDispose]()])
  })
})

describe('HTTP/1.1 over TLS', () => {
  test('breaks an answer off that nothing frames', async () => {
    await using host = await startSecureHost()
    const socket = await tlsClient(host)
    let received = ''
    socket.on('data', (piece: Buffer) => {
      received += piece.toString()
    })
    const body = JSON.stringify({ to: 2, fail: true })
    const length = Buffer.byteLength(body)
    socket.write(`POST /count HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`)
    await once(socket, 'close')
    assert.match(received, /^HTTP\/1\.1 200[\s\S]*1\n2\n$|^$/)
    assert.equal(host.log.filter(({ level }) => level === 'error').length, 1)
  })

  test('answers what is malformed, and outlives a client that breaks off in a record', async () => {
    await using host = await startSecureHost()
    const socket = await tlsClient(host)
    socket.write('NONSENSE\r\n\r\n')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 400/)
    socket.destroy()
    const carrier = connectTcp(host.port, '127.0.0.1')
    const broken = connectTls({ socket: carrier, ca: authority.cert, servername: 'localhost' })
    broken.on('error', () => {})
    await once(broken, 'secureConnect')
    carrier.write('no record of TLS')
    await once(carrier, 'close')
    await using client = await http2Client(host)
    assert.equal((await client.ask('/echo', { still: 'there' })).status, 200)
  })
})
