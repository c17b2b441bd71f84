import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { ServiceError } from '../../packages/core/build/errors/service-error.js'
import type { CallContext } from '../../packages/core/build/service/call-context.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { deferred } from '../../packages/core/build/util/deferred.js'
import { type ErrorAnswer, post, postText, rawClient, startHost } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

/** What happened in the apis. */
const seen: string[] = []
let gate = deferred()
let yielded = 0
let yieldedInVain = 0
/** The answers that the host has begun, as Node tells of them. */
const answering: ServerResponse[] = []
subscribe('http.server.request.start', (message) => {
  answering.push((message as { response: ServerResponse }).response)
})

const Api = defineService(
  class Api {
    async *count({ to, fail }: { to: number; fail?: number }) {
      for (let n = 1; n <= to; n++) {
        if (n === fail) throw new ServiceError(`no ${n}`, { statusCode: 409, code: 'NO_MORE' })
        yield { n }
      }
    }
    async *say({ words, fail }: { words: string[]; fail?: boolean }) {
      for (const word of words) yield word
      if (fail === true) throw new TypeError('secret')
    }
    *sync({ to }: { to: number }) {
      for (let n = 1; n <= to; n++) yield n
    }
    async *bytes() {
      yield Uint8Array.of(0, 255)
      yield Buffer.from([1])
    }
    async *checked(_: unknown): AsyncGenerator<{ n: number }> {
      yield { n: 1, more: true } as { n: number }
      yield { n: 'two' } as unknown as { n: number }
    }
    async *endless(_: unknown, ctx: CallContext) {
      try {
        for (yielded = 0; ; yielded++) {
          if (answering[0]?.writableNeedDrain) yieldedInVain++
          yield 'x'.repeat(10_000)
        }
      } finally {
        seen.push(`endless ended, aborted ${ctx.signal.aborted}`)
      }
    }
    async *waits(_: unknown, ctx: CallContext) {
      try {
        yield 'first'
        await Promise.race([gate.promise, new Promise((_resolve, reject) => onAbort(ctx.signal, reject))])
        yield 'second'
      } finally {
        seen.push('waits ended')
      }
    }
    async *slowToBegin(_: unknown, ctx: CallContext) {
      await new Promise((_resolve, reject) => onAbort(ctx.signal, reject))
      yield 'never'
    }
    async *timed(_: unknown, ctx: CallContext) {
      yield String(ctx.deadline !== undefined)
      await gate.promise
      yield String(ctx.deadline !== undefined)
      yield String(ctx.signal.aborted)
    }
    async *dressed(_: unknown, { response }: CallContext) {
      response.statusCode = 202
      response.setCookie('a', '1')
      response.setHeader('content-type', 'text/x-own')
      yield 'dressed'
    }
    async *drains(_: unknown, { draining }: CallContext) {
      yield 'on'
      await new Promise<void>((resolve) => draining.addEventListener('abort', () => resolve()))
      yield ' off'
    }
    async *noObjects(): AsyncGenerator<{ n: number }> {}
    async *noBytes(): AsyncGenerator<Uint8Array> {}
    async *unsendable() {
      yield { f: () => 1 }
    }
    undeclared() {
      return (async function* () {
        yield 1
      })()
    }
    declared() {
      return new Map([['a', 1]])
    }
    notOne() {
      return { a: 1 }
    }
    events() {
      return ['a', 'b']
    }
    readable() {
      return Readable.from([Buffer.from('a'), 'b'], { objectMode: false })
    }
    web() {
      return new Blob(['web']).stream()
    }
    webFails({ after }: { after: number }) {
      let sent = 0
      return new ReadableStream({
        pull(controller) {
          if (sent++ < after) controller.enqueue(Buffer.from('x'))
          else controller.error(new Error('broken'))
        },
      })
    }
    blob() {
      return new Blob(['<b>'], { type: 'text/html' })
    }
    response() {
      const headers = [
        ['x-own', '1'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['connection', 'close'],
      ] as [string, string][]
      return new Response('made', { status: 203, headers })
    }
    bare() {
      return new Response(null, { status: 204 })
    }
    async spent() {
      const response = new Response('x')
      await response.text()
      return response
    }
  },
  {
    apis: {
      count: {},
      say: {},
      sync: {},
      bytes: { mediaType: 'audio/x-raw' },
      checked: { output: z.object({ n: z.number() }) },
      endless: {},
      waits: {},
      slowToBegin: {},
      timed: {},
      dressed: {},
      drains: {},
      noObjects: { output: z.object({ n: z.number() }) },
      noBytes: { output: { type: 'string', format: 'binary' } },
      unsendable: {},
      undeclared: {},
      declared: { stream: true },
      notOne: { stream: true },
      events: { stream: true, mediaType: 'text/event-stream' },
      readable: {},
      web: { mediaType: 'text/plain' },
      webFails: {},
      blob: {},
      response: {},
      bare: {},
      spent: {},
    },
  },
)

function onAbort(signal: AbortSignal, reject: (reason: unknown) => void): void {
  signal.addEventListener('abort', () => reject(signal.reason as Error))
}

const EVENTS = { 'content-type': 'application/json', accept: 'text/event-stream' }
const LINES = { 'content-type': 'application/json', accept: 'application/x-ndjson' }
const ANY = { 'content-type': 'application/json' }

/** A client that reads when it is told to. */
async function open(url: string, headers: Record<string, string> = ANY): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', headers, agent: false }, resolve).on('error', reject).end('{}')
  })
}

describe('items', () => {
  const forms: readonly [
    name: string,
    path: string,
    input: unknown,
    headers: Record<string, string>,
    expected: [type: string, text: string],
  ][] = [
    [
      'are events with ids where they are asked for',
      'count',
      { to: 2 },
      EVENTS,
      ['text/event-stream; charset=utf-8', 'id: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\n'],
    ],
    [
      'of text are events of that text',
      'say',
      { words: ['a\nb', ' 5'] },
      EVENTS,
      ['text/event-stream; charset=utf-8', 'id: 1\ndata: a\ndata: b\n\nid: 2\ndata:  5\n\n'],
    ],
    [
      'are lines of JSON where they are objects',
      'count',
      { to: 2 },
      ANY,
      ['application/x-ndjson', '{"n":1}\n{"n":2}\n'],
    ],
    [
      'are lines of JSON where they are asked for',
      'say',
      { words: ['a', 'b'] },
      LINES,
      ['application/x-ndjson', '"a"\n"b"\n'],
    ],
    ['are text as it is otherwise', 'say', { words: ['a', 'b'] }, ANY, ['text/plain; charset=utf-8', 'ab']],
    ['may be none', 'say', { words: [] }, EVENTS, ['text/event-stream; charset=utf-8', '']],
    ['of which there are none are what the schema says', 'noObjects', {}, ANY, ['application/x-ndjson', '']],
    ['of which there are none may be bytes', 'noBytes', {}, EVENTS, ['application/octet-stream', '']],
    ['may come from a plain generator', 'sync', { to: 3 }, ANY, ['application/x-ndjson', '1\n2\n3\n']],
    [
      'may come from anything that is declared to be a stream',
      'declared',
      {},
      ANY,
      ['application/x-ndjson', '["a",1]\n'],
    ],
    [
      'are events always where that is the media type',
      'events',
      {},
      ANY,
      ['text/event-stream', 'id: 1\ndata: a\n\nid: 2\ndata: b\n\n'],
    ],
  ]
  for (const [name, path, input, headers, [type, text]] of forms) {
    test(name, async () => {
      await using host = await startHost(Api)
      const answer = await post(`${host.url}/${path}`, JSON.stringify(input), headers)
      assert.deepEqual([answer.status, answer.text], [200, text])
      assert.equal(answer.headers.get('content-type')?.startsWith(type), true)
      assert.equal(answer.headers.get('content-length'), null)
      assert.equal(host.runner.inFlight, 0)
    })
  }

  test('are bytes as they are, whatever is asked for', async () => {
    await using host = await startHost(Api)
    const response = await fetch(`${host.url}/bytes`, { method: 'POST', headers: { accept: 'text/event-stream' } })
    assert.equal(response.headers.get('content-type'), 'audio/x-raw')
    assert.deepEqual([...new Uint8Array(await response.arrayBuffer())], [0, 255, 1])
  })

  test('have the status, headers and cookies that were set before the first', async () => {
    await using host = await startHost(Api)
    const { status, headers, text } = await post(`${host.url}/dressed`, {})
    assert.deepEqual([status, text], [202, 'dressed'])
    assert.deepEqual([headers.get('content-type'), headers.getSetCookie()], ['text/x-own', ['a=1; Path=/']])
  })

  test('are sent as they are made', async () => {
    await using host = await startHost(Api)
    gate = deferred()
    const answer = await open(`${host.url}/waits`)
    answer.setEncoding('utf8')
    const pieces: string[] = []
    answer.on('data', (piece: string) => pieces.push(piece))
    await waitUntil(() => pieces.length === 1)
    assert.equal(host.runner.inFlight, 1)
    gate.resolve()
    await waitUntil(() => answer.complete)
    assert.deepEqual(pieces, ['first', 'second'])
    const line = host.log.find(({ message }) => message === 'request')
    assert.deepEqual([line?.fields.status, line?.fields.bytes], [200, 11])
  })

  test('are checked one by one', async () => {
    await using host = await startHost(Api)
    const { text } = await post(`${host.url}/checked`, {})
    const [first, last = '', ...none] = text.split('\n')
    assert.equal(first, '{"n":1}')
    assert.equal((JSON.parse(last) as ErrorAnswer).code, 'EKB_ERR_OUTPUT_INVALID')
    assert.deepEqual(none, [''])
  })
})

describe('an error', () => {
  test('before the first item is an answer of its own', async () => {
    await using host = await startHost(Api)
    const { status, json } = await post(`${host.url}/count`, JSON.stringify({ to: 3, fail: 1 }), EVENTS)
    assert.deepEqual([status, json().code], [409, 'NO_MORE'])
  })

  test('after it is a last event', async () => {
    await using host = await startHost(Api)
    const { status, text, headers } = await post(`${host.url}/count`, JSON.stringify({ to: 3, fail: 2 }), EVENTS)
    const [first, last = '', end] = text.split('\n\n')
    assert.deepEqual([status, first, end], [200, 'id: 1\ndata: {"n":1}', ''])
    assert.match(last, /^event: error\ndata: \{/)
    const { error, code, statusCode, requestId } = JSON.parse(last.split('data: ')[1] ?? '') as ErrorAnswer
    assert.deepEqual([error, code, statusCode, requestId], ['no 2', 'NO_MORE', 409, headers.get('x-request-id')])
    assert.equal(host.log.find(({ message }) => message === 'request')?.fields.status, 409)
  })

  test('after it is a last line of JSON', async () => {
    await using host = await startHost(Api)
    const { text } = await post(`${host.url}/say`, JSON.stringify({ words: ['a'], fail: true }), LINES)
    const [first, last = ''] = text.split('\n')
    assert.equal(first, '"a"')
    const { error, code } = JSON.parse(last) as ErrorAnswer
    assert.equal(code, 'EKB_ERR_INTERNAL')
    assert.doesNotMatch(error, /secret/)
    assert.match(host.log.find(({ level }) => level === 'error')?.message ?? '', /secret/)
  })

  test('after it breaks the connection where the items are raw', async () => {
    await using host = await startHost(Api)
    const answer = await fetch(`${host.url}/say`, { method: 'POST', headers: ANY, body: '{"words":["a"],"fail":true}' })
    assert.equal(answer.status, 200)
    await assert.rejects(answer.text())
    // An old client, that knows no frames.
    await using client = await rawClient(host.port)
    const old = postText('/say', { words: ['a'], fail: true }).replace('HTTP/1.1', 'HTTP/1.0')
    client.write(old)
    assert.equal(await client.closed(), 'reset')
  })

  for (const [path, code] of [
    ['unsendable', 'EKB_ERR_NOT_SERIALISABLE'],
    ['undeclared', 'EKB_ERR_STREAM_UNDECLARED'],
    ['notOne', 'EKB_ERR_OUTPUT_INVALID'],
    ['spent', 'EKB_ERR_NOT_SERIALISABLE'],
  ] as const) {
    test(`in ${path} is 500 ${code}`, async () => {
      await using host = await startHost(Api)
      const { status, json } = await post(`${host.url}/${path}`, {})
      assert.deepEqual([status, json().code], [500, code])
      assert.equal(host.runner.inFlight, 0)
    })
  }
})

describe('a client', () => {
  test('that reads slowly is waited for', async () => {
    await using host = await startHost(Api)
    seen.length = 0
    answering.length = 0
    const answer = await open(`${host.url}/endless`)
    answer.pause()
    // What the kernel takes at once is no bound of ours: from the first time that there is too much, none is made.
    const stalled = await waitUntil(() => (answering[0]?.writableNeedDrain ? yielded : undefined))
    assert.ok(stalled < 5_000, `${stalled} items of 10 kB were made for a client that reads none`)
    answer.resume()
    await waitUntil(() => yielded > stalled)
    assert.equal(yieldedInVain, 0, 'items were made while those before them waited to be sent')
    answer.destroy()
    await waitUntil(() => seen.length > 0)
    assert.deepEqual(seen, ['endless ended, aborted true'])
    await waitUntil(() => host.runner.inFlight === 0)
    assert.equal(host.log.find(({ message }) => message === 'request')?.fields.status, 499)
  })

  test('that leaves ends the generator, though it waits', async () => {
    await using host = await startHost(Api)
    seen.length = 0
    gate = deferred()
    const answer = await open(`${host.url}/waits`)
    await waitUntil(() => host.runner.inFlight === 1)
    answer.destroy()
    await waitUntil(() => seen.includes('waits ended'))
    await host.runner.whenIdle()
    const line = await waitUntil(() => host.log.find(({ message }) => message === 'request'))
    assert.deepEqual([line.fields.status, line.fields.aborted, line.fields.bytes], [499, true, 5])
  })

  test('that leaves before the first item ends it too', async () => {
    await using host = await startHost(Api)
    const leaving = new AbortController()
    const answer = fetch(`${host.url}/slowToBegin`, { method: 'POST', signal: leaving.signal })
    await waitUntil(() => host.runner.inFlight === 1)
    leaving.abort()
    await assert.rejects(answer)
    await host.runner.whenIdle()
  })
})

describe('time', () => {
  test('is for the first item', async () => {
    await using host = await startHost(Api, { timeoutMs: 40 })
    const { status, json } = await post(`${host.url}/slowToBegin`, {})
    assert.deepEqual([status, json().code], [504, 'EKB_ERR_TIMEOUT'])
    await host.runner.whenIdle()
  })

  test('is not for the rest', async () => {
    await using host = await startHost(Api, { timeoutMs: 250 })
    gate = deferred()
    const answer = post(`${host.url}/timed`, {})
    await waitUntil(() => host.runner.inFlight === 1)
    // Its time as a plain call is over: that of a call which came after it is.
    assert.equal((await post(`${host.url}/slowToBegin`, {})).status, 504)
    gate.resolve()
    const { status, text } = await answer
    assert.deepEqual([status, text], [200, 'truefalsefalse'])
  })
})

describe('a stream has a place', () => {
  test('until its end', async () => {
    await using host = await startHost(Api, { maxConcurrency: 1, maxQueue: 0 })
    gate = deferred()
    const answer = post(`${host.url}/waits`, {})
    await waitUntil(() => host.runner.inFlight === 1)
    assert.equal((await post(`${host.url}/blob`, {})).status, 429)
    gate.resolve()
    assert.equal((await answer).text, 'firstsecond')
    assert.equal((await post(`${host.url}/blob`, {})).status, 200)
  })

  test('in the order of pipelined requests, on a connection that serves on', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(postText('/count', { to: 1 }) + postText('/blob', {}))
    await waitUntil(() => client.received.endsWith('<b>'))
    assert.match(client.received, /^HTTP\/1\.1 200[\s\S]*\{"n":1\}\n\r\n0\r\n\r\nHTTP\/1\.1 200[\s\S]*<b>$/)
  })
})

describe('a drain', () => {
  test('tells streams to end, and waits for them', async () => {
    await using host = await startHost(Api)
    const answer = await open(`${host.url}/drains`)
    const pieces: string[] = []
    answer.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece))
    await waitUntil(() => pieces.length === 1)
    host.runner.beginDrain()
    const report = host.drain(10, 10_000)
    await waitUntil(() => answer.complete)
    assert.deepEqual(pieces, ['on', ' off'])
    assert.deepEqual(await report, { cut: [] })
  })

  test('cuts those that do not', async () => {
    await using host = await startHost(Api)
    seen.length = 0
    const answer = await open(`${host.url}/endless`)
    answer.on('error', () => {}).resume()
    await waitUntil(() => host.runner.inFlight === 1)
    const { cut } = await host.drain(10, 50)
    assert.match(cut.join(), /^POST \/endless after \d+ ms$/)
    await waitUntil(() => seen.length === 1)
    await host.runner.whenIdle()
  })
})

describe('what passes through', () => {
  test('is a Blob, with its type and length', async () => {
    await using host = await startHost(Api)
    const { headers, text } = await post(`${host.url}/blob`, {})
    assert.deepEqual([headers.get('content-type'), headers.get('content-length'), text], ['text/html', '3', '<b>'])
  })

  test('is a Response, but for what is the business of the host', async () => {
    await using host = await startHost(Api)
    const { status, headers, text } = await post(`${host.url}/response`, {})
    assert.deepEqual([status, text, headers.get('x-own')], [203, 'made', '1'])
    assert.deepEqual(headers.getSetCookie(), ['a=1', 'b=2'])
    assert.notEqual(headers.get('connection'), 'close')
    const bare = await post(`${host.url}/bare`, {})
    assert.deepEqual([bare.status, bare.text], [204, ''])
  })

  test('is a stream of bytes', async () => {
    await using host = await startHost(Api)
    const readable = await post(`${host.url}/readable`, {})
    assert.deepEqual([readable.headers.get('content-type'), readable.text], ['application/octet-stream', 'ab'])
    const web = await post(`${host.url}/web`, {})
    assert.deepEqual([web.headers.get('content-type'), web.text], ['text/plain', 'web'])
  })

  test('is 500 where it fails at once, and a broken connection where it fails later', async () => {
    await using host = await startHost(Api)
    assert.equal((await post(`${host.url}/webFails`, { after: 0 })).status, 500)
    await assert.rejects(post(`${host.url}/webFails`, { after: 2 }))
  })
})
