import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as think } from 'node:timers/promises'
import { z } from 'zod'
import { listen } from '../../packages/core/build/http/listen.js'
import type { CallContext } from '../../packages/core/build/service/call-context.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { postText, rawClient, startHost } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

const RECEIVE = { headersTimeoutMs: 100, requestTimeoutMs: 200, checkIntervalMs: 20 }

/** Calls wait here until they are let go, by the name they were called with. */
const held = new Map<string, () => void>()
const aborted: unknown[] = []

const Api = defineService(
  class Api {
    echo({ text }: { text: string }) {
      return text
    }
    async hold({ name }: { name: string }, { signal }: CallContext) {
      signal.addEventListener('abort', () => aborted.push(signal.reason))
      await new Promise<void>((resolve) => held.set(name, resolve))
      return name
    }
    big() {
      return 'x'.repeat(4_000_000)
    }
  },
  {
    apis: { echo: { input: z.object({ text: z.string() }), bodyLimit: 1000 }, hold: {}, big: {} },
  },
)

const release = async (name: string) => {
  const resolve = await waitUntil(() => held.get(name))
  held.delete(name)
  resolve()
}
const bodyOf = (answer = ''): { code: string; requestId: string } => JSON.parse(answer.split('\r\n\r\n')[1] ?? '')
const statusOf = (answer = '') => Number(answer.split(' ')[1])
const idOf = (answer = '') => /x-request-id: (\S+)/i.exec(answer)?.[1]

describe('pipelined requests', () => {
  test('are answered in order, whichever is done first', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(
      postText('/hold', { name: 'p1' }) + postText('/echo', { text: 'two' }) + postText('/hold', { name: 'p3' }),
    )
    await release('p3')
    await release('p1')
    const answers = await client.answers(3)
    assert.deepEqual(
      answers.map((answer) => answer.split('\r\n\r\n')[1]),
      ['p1', 'two', 'p3'],
    )
  })

  test('followed by garbage are answered, then the connection ends', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(`${postText('/hold', { name: 'g1' })}\0\0garbage\r\n\r\n`)
    await release('g1')
    assert.equal(statusOf((await client.answers(1))[0]), 200)
    await client.closed()
  })

  for (const when of ['with them', 'once the last is answered'] as const) {
    test(`followed by garbage that comes ${when} are answered in whatever order`, async () => {
      await using host = await startHost(Api)
      await using client = await rawClient(host.port)
      const requests = postText('/hold', { name: 'g2' }) + postText('/echo', { text: 'two' })
      const garbage = '\0\0garbage\r\n\r\n'
      client.write(when === 'with them' ? requests + garbage : requests)
      await waitUntil(() => host.log.some(({ message }) => message === 'request'))
      if (when !== 'with them') {
        client.write(garbage)
        await waitUntil(() => client.socket.bytesWritten === requests.length + garbage.length)
        await think(50)
      }
      await release('g2')
      const answers = await client.answers(2)
      assert.deepEqual(
        answers.map((answer) => answer.split('\r\n\r\n')[1]),
        ['g2', 'two'],
      )
      assert.equal(await client.closed(), 'ended')
    })
  }
})

describe('what is no HTTP', () => {
  const cases: readonly [name: string, text: string, status: number, code: string][] = [
    ['garbage', '\x16\x03\x01 hello\r\n\r\n', 400, 'EKB_ERR_HTTP_MALFORMED'],
    ['no Host', 'POST /echo HTTP/1.1\r\ncontent-length: 0\r\n\r\n', 400, 'EKB_ERR_HTTP_MALFORMED'],
    [
      'two lengths',
      'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      400,
      'EKB_ERR_HTTP_MALFORMED',
    ],
    [
      'a broken chunk',
      'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      400,
      'EKB_ERR_HTTP_MALFORMED',
    ],
    [
      'too large a head',
      `GET / HTTP/1.1\r\nhost: a\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'EKB_ERR_HTTP_HEADERS_TOO_LARGE',
    ],
    ['a tunnel', 'CONNECT db:5432 HTTP/1.1\r\nhost: db\r\n\r\n', 405, 'EKB_ERR_METHOD_NOT_ALLOWED'],
  ]
  for (const [name, text, status, code] of cases) {
    test(`${name}: ${status}, in our shape, with an id`, async () => {
      await using host = await startHost(Api)
      await using client = await rawClient(host.port)
      client.write(text)
      const [answer] = await client.answers(1)
      assert.deepEqual([statusOf(answer), bodyOf(answer).code], [status, code])
      assert.equal(bodyOf(answer).requestId, idOf(answer))
    })
  }

  test('harms nobody else', async () => {
    await using host = await startHost(Api)
    await using bad = await rawClient(host.port)
    bad.write('nonsense\r\n\r\n')
    await bad.closed()
    await using good = await rawClient(host.port)
    good.write(postText('/echo', { text: 'fine' }))
    assert.equal(statusOf((await good.answers(1))[0]), 200)
  })
})

describe('a slow client', () => {
  const halves: readonly [name: string, text: string][] = [
    ['half a head', 'POST /echo HTTP/1.1\r\nhost: a\r\nx-slow:'],
    [
      'half a body',
      'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"text":',
    ],
  ]
  for (const [name, text] of halves) {
    test(`that sends ${name} is told 408 and cut off`, async () => {
      await using host = await startHost(Api, { receive: RECEIVE })
      await using client = await rawClient(host.port)
      client.write(text)
      const [answer] = await client.answers(1)
      assert.deepEqual([statusOf(answer), bodyOf(answer).code], [408, 'EKB_ERR_HTTP_SLOW_REQUEST'])
      await client.closed()
    })
  }

  test('may send its request byte by byte', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    for (const byte of postText('/echo', { text: 'slow' })) client.write(byte)
    assert.equal((await client.answers(1))[0]?.split('\r\n\r\n')[1], 'slow')
  })
})

describe('a client that leaves', () => {
  test('aborts the signal of its call, and is logged', async () => {
    await using host = await startHost(Api)
    aborted.length = 0
    const client = await rawClient(host.port)
    client.write(postText('/hold', { name: 'left' }))
    await waitUntil(() => held.has('left'))
    client.socket.destroy()
    const reason = (await waitUntil(() => aborted[0])) as { code: string }
    assert.equal(reason.code, 'EKB_ERR_ABORTED')
    const line = await waitUntil(() => host.log.find(({ message }) => message === 'request'))
    assert.deepEqual([line.fields.status, line.fields.aborted, line.fields.route], [499, true, '/hold'])
    await release('left')
    await host.runner.whenIdle()
  })

  test('in the middle of a body runs nothing', async () => {
    await using host = await startHost(Api)
    const client = await rawClient(host.port)
    client.write('POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"te')
    await waitUntil(() => client.socket.bytesWritten > 0)
    client.socket.resetAndDestroy()
    const line = await waitUntil(() => host.log.find(({ message }) => message === 'request'))
    assert.deepEqual([line.fields.status, line.fields.aborted], [499, true])
    assert.equal(host.runner.inFlight, 0)
  })
})

test('who asks again in time is answered, though the host stands still until it is over', async () => {
  await using host = await startHost(Api, { keepAliveTimeoutMs: 1_200 })
  await using client = await rawClient(host.port)
  client.write(postText('/echo', { text: 'one' }))
  await client.answers(1)
  client.write(postText('/echo', { text: 'two' }))
  // This process is the host's, too; Node gives an idle connection up to a second more.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_400)
  assert.equal((await client.answers(2))[1]?.split('\r\n\r\n')[1], 'two')
  assert.equal(await client.closed(), 'ended')
})

describe('too large a body', () => {
  const chunk = `400\r\n${'x'.repeat(0x400)}\r\n`
  const head = 'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n'

  test('is refused by its length alone', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(`${head}content-length: 1001\r\n\r\n`)
    assert.equal(statusOf((await client.answers(1))[0]), 413)
  })

  test('is refused when it has grown too large, and the connection lives on', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(`${head}transfer-encoding: chunked\r\n\r\n${chunk}`)
    assert.equal(statusOf((await client.answers(1))[0]), 413)
    client.write(`${chunk.repeat(50)}0\r\n\r\n${postText('/echo', { text: 'next' })}`)
    assert.equal((await client.answers(2))[1]?.split('\r\n\r\n')[1], 'next')
  })

  test('is not asked for: a client that expects 100 gets 413 instead', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(`${head}expect: 100-continue\r\ncontent-length: 5000\r\n\r\n`)
    assert.equal(statusOf((await client.answers(1))[0]), 413)
  })
})

test('a client that expects 100 gets it, then its answer', async () => {
  await using host = await startHost(Api)
  await using client = await rawClient(host.port)
  const [head = '', body = ''] = postText('/echo', { text: 'go' }, ['expect: 100-continue']).split('\r\n\r\n')
  client.write(`${head}\r\n\r\n`)
  assert.equal(statusOf((await client.answers(1))[0]), 100)
  client.write(body)
  assert.equal(statusOf((await client.answers(2))[1]), 200)
})

test('close cuts what is open and frees the port', async () => {
  const host = await startHost(Api)
  await using client = await rawClient(host.port)
  client.write(postText('/hold', { name: 'closed' }))
  await waitUntil(() => held.has('closed'))
  await host.host.close()
  await client.closed()
  await assert.rejects(rawClient(host.port), { code: 'ECONNREFUSED' })
  await release('closed')
})

test('a port that is taken is told apart', async () => {
  await using first = await startHost(Api)
  await assert.rejects(listen(createServer(), { port: first.port, host: '127.0.0.1', backlog: 1 }), {
    code: 'EKB_ERR_SOCKET_IN_USE',
  })
})
