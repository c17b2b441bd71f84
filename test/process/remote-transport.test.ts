import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runInCall } from '../../packages/core/build/call/current-call.js'
import { createRemoteClient } from '../../packages/core/build/call/remote-client.js'
import { isServiceError } from '../../packages/core/build/errors/service-error.js'
import { CountTable } from '../../packages/core/build/metrics/count-table.js'
import { monotonicMs } from '../../packages/core/build/util/monotonic.js'
import { closedUrl, type Received, sendJson, startScripted } from '../helpers/scripted-server.js'
import { waitUntil } from '../helpers/wait-until.js'

type Method = (input?: unknown, options?: object) => Promise<unknown> & AsyncIterable<unknown>
/** `raed` is none of its apis. */
type Client = Readonly<Record<'read' | 'list' | 'raed', Method>>

const SCHEMA = {
  routes: [
    { name: 'read', route: '/read' },
    { name: 'list', route: '/list', output: { is_stream: true } },
  ],
}

/** A client of a service whose class is not known: it asks for the schema first. */
function clientOf(url: string, given: { forwardHeaders?: readonly string[]; counts?: CountTable } = {}): Client {
  const { forwardHeaders = [], counts } = given
  const dependency = { property: 'far', optional: false, url, service: undefined, forwardHeaders }
  return createRemoteClient(dependency, () => counts) as Client
}

/** Answers the schema, and calls by `answer`. */
function startFar(
  answer: (request: Received, response: Parameters<Parameters<typeof startScripted>[0]>[1], tries: number) => unknown,
) {
  let tries = 0
  return startScripted((request, response) => {
    if (request.path === '/schema.json') return sendJson(response, SCHEMA)
    return answer(request, response, ++tries)
  })
}

const callsOf = ({ received }: { received: readonly Received[] }) => received.filter(({ method }) => method === 'POST')

const coded =
  (code: string, statusCode: number, message = /./) =>
  (error: unknown) => {
    assert.ok(isServiceError(error, code), `${code} was expected: ${String(error)}`)
    assert.equal(error.statusCode, statusCode)
    assert.match(error.message, message)
    return true
  }

/** Resolves when fetch has been refused a connection. */
function firstRefusal(): Promise<void> {
  return new Promise((resolve) => {
    const onRefused = () => {
      unsubscribe('undici:client:connectError', onRefused)
      resolve()
    }
    subscribe('undici:client:connectError', onRefused)
  })
}

const REQUEST = {
  requestId: 'r-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  deadlineAt: undefined,
  signal: new AbortController().signal,
  headers: { authorization: 'Bearer t', cookie: 'a=1', 'x-tenant': 'acme', accept: 'text/html' },
  remoteAddress: undefined,
  response: undefined,
}

describe('a call of a service elsewhere', () => {
  it('takes over ids, the time that is left, and the headers that are listed', async () => {
    await using far = await startFar((_request, response) => sendJson(response, 1))
    const client = clientOf(far.url, { forwardHeaders: ['x-tenant'] })
    const request = { ...REQUEST, deadlineAt: monotonicMs() + 60_000 }
    assert.equal(await runInCall(request, () => client.read({ page: 7 })), 1)
    const [{ headers, body } = {} as Received] = callsOf(far)
    assert.deepEqual(JSON.parse(String(body)), { page: 7 })
    assert.deepEqual([headers['x-request-id'], headers.traceparent], ['r-1', REQUEST.traceparent])
    assert.deepEqual([headers['x-tenant'], headers.authorization, headers.cookie], ['acme', undefined, undefined])
    const leftMs = Number(headers['ekiben-timeout-ms'])
    assert.ok(leftMs > 0 && leftMs <= 60_000, String(leftMs))
  })

  it('says nothing of time where there is no limit', async () => {
    await using far = await startFar((_request, response) => sendJson(response, 1))
    await clientOf(far.url).read()
    assert.equal(callsOf(far)[0]?.headers['ekiben-timeout-ms'], undefined)
  })

  it('sends user and password of its URL, and shows them nowhere', async () => {
    await using far = await startFar((_request, response) => response.writeHead(500).end())
    const secret = far.url.replace('//', '//ann:s3cret@')
    await assert.rejects(clientOf(secret).read(), (error: Error) => {
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`, /s3cret|ann/)
      return true
    })
    const expected = `Basic ${Buffer.from('ann:s3cret').toString('base64')}`
    assert.deepEqual(
      far.received.map(({ headers }) => headers.authorization),
      [expected, expected],
    )
    await assert.rejects(
      clientOf((await closedUrl()).replace('//', '//ann:s3cret@')).read(),
      (error: Error) => !/s3cret/.test(`${error.message} ${String(error.cause)}`),
    )
  })

  it('is tried again where it was busy, if it may run twice', async () => {
    await using far = await startFar((_request, response, tries) => {
      if (tries === 3) return sendJson(response, 'done')
      return response.writeHead(tries === 1 ? 503 : 429, { 'retry-after': '0' }).end()
    })
    const counts = new CountTable()
    assert.equal(await clientOf(far.url, { counts }).read({}, { idempotent: true }), 'done')
    assert.equal(callsOf(far).length, 3)
    assert.deepEqual(
      counts.take().map(([api, code, count]) => [api, code, count]),
      [['read', 200, 1]],
    )
  })

  it('is left as it is where it was busy and may not run twice', async () => {
    await using far = await startFar((_request, response) => response.writeHead(503, { 'retry-after': '0' }).end())
    await assert.rejects(clientOf(far.url).read(), coded('EKB_ERR_DEPENDENCY_DOWN', 503))
    assert.equal(callsOf(far).length, 1)
  })

  it('does not wait for one who asks for long, nor past the deadline', async () => {
    for (const [after, options] of [
      ['6', { idempotent: true }],
      ['5', { idempotent: true, timeoutMs: 3_000 }],
    ] as const) {
      await using far = await startFar((_request, response) => response.writeHead(429, { 'retry-after': after }).end())
      await assert.rejects(clientOf(far.url).read({}, options), (error: Error) => {
        assert.deepEqual((error as { detail?: unknown }).detail, { retryAfterMs: Number(after) * 1000 })
        return coded('EKB_ERR_OVERLOADED', 429)(error)
      })
      assert.equal(callsOf(far).length, 1)
    }
  })

  for (const [idempotent, tries] of [
    [true, 3],
    [false, 1],
  ] as const) {
    it(`that was reset before its answer is tried ${tries} time(s), idempotent: ${idempotent}`, async () => {
      await using far = await startFar((_request, response) => response.socket?.resetAndDestroy())
      const call = clientOf(far.url).read({}, { idempotent })
      await assert.rejects(call, coded('EKB_ERR_DEPENDENCY_DOWN', 503, /could not be reached at http:/))
      assert.equal(callsOf(far).length, tries)
    })
  }

  it('is tried again where nobody listened yet, whether it may run twice or not', async () => {
    const url = await closedUrl()
    const refused = firstRefusal()
    const call = clientOf(url).read()
    await refused
    const server = createServer((request, response) => {
      sendJson(response, request.url === '/schema.json' ? SCHEMA : 'came up')
    })
    server.listen(Number(new URL(url).port), '127.0.0.1')
    try {
      assert.equal(await call, 'came up')
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('that breaks off in its answer may have run', async () => {
    await using far = await startFar((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{"half":')
      setImmediate(() => response.destroy())
    })
    const call = clientOf(far.url).read()
    await assert.rejects(call, coded('EKB_ERR_WORKER_LOST', 503, /read \(http:.*broke off/))
    assert.equal(callsOf(far).length, 1)
  })

  it('whose time is up is aborted there, and not sent when it was up before', async () => {
    await using far = await startFar(() => undefined)
    const client = clientOf(far.url)
    const hangs = client.read({}, { timeoutMs: 1_500 })
    await assert.rejects(hangs, coded('EKB_ERR_TIMEOUT', 504, /did not answer within 1500 ms/))
    await waitUntil(() => callsOf(far)[0]?.left.aborted, { describe: () => 'the end of the request there' })
    const late = runInCall({ ...REQUEST, deadlineAt: monotonicMs() - 1 }, () => client.read())
    await assert.rejects(late, coded('EKB_ERR_TIMEOUT', 504))
    assert.equal(callsOf(far).length, 1)
  })

  it('is aborted there when its caller leaves, by either signal', async () => {
    await using far = await startFar(() => undefined)
    const client = clientOf(far.url)
    const [own, inherited] = [new AbortController(), new AbortController()]
    const request = { ...REQUEST, signal: inherited.signal }
    const calls = [1, 2].map(() => runInCall(request, () => client.read({}, { signal: own.signal })))
    const ends = calls.map((call) => assert.rejects(call, coded('EKB_ERR_ABORTED', 499)))
    await waitUntil(() => callsOf(far).length === 2, { describe: () => 'both calls there' })
    own.abort()
    await Promise.all(ends)
    await waitUntil(() => callsOf(far).every(({ left }) => left.aborted), { describe: () => 'the end of both there' })
    const again = runInCall(request, () => client.read())
    const ended = assert.rejects(again, coded('EKB_ERR_ABORTED', 499))
    await waitUntil(() => callsOf(far).length === 3, { describe: () => 'the third there' })
    inherited.abort()
    await ended
  })

  it('of another server than ours has what that says', async () => {
    await using far = await startFar((_request, response) => sendJson(response, { error: 'no such page' }, 404))
    await assert.rejects(clientOf(far.url).read(), (error: { remote?: object } & Error) => {
      assert.deepEqual(error.remote, {
        statusCode: 404,
        code: 'EKB_ERR_INTERNAL',
        message: 'no such page',
        detail: undefined,
        origin: undefined,
      })
      return coded('EKB_ERR_DEPENDENCY_FAILED', 502)(error)
    })
  })
})

describe('a service elsewhere whose class is not known', () => {
  it('is asked for its apis once; one that it has not got is an error with near names', async () => {
    await using far = await startFar((_request, response) => sendJson(response, 1))
    const client = clientOf(far.url)
    await Promise.all([client.read(), client.read()])
    await assert.rejects(client.raed(), (error: Error & { hint?: string }) => {
      assert.match(String(error.hint), /Did you mean read/)
      return coded('EKB_ERR_SERVICE_NOT_AN_API', 404)(error)
    })
    assert.equal(far.received.filter(({ path }) => path === '/schema.json').length, 1)
  })

  it('is asked again when it could not say', async () => {
    let isUp = false
    await using far = await startScripted((request, response) => {
      if (!isUp) return response.writeHead(500).end()
      return sendJson(response, request.path === '/schema.json' ? SCHEMA : 'up')
    })
    const client = clientOf(far.url)
    await assert.rejects(client.read(), coded('EKB_ERR_CALL_PROTOCOL', 502, /schema\.json/))
    isUp = true
    assert.equal(await client.read(), 'up')
  })

  it('that does not say in time does not hold up its caller', async () => {
    await using far = await startScripted(() => undefined)
    const call = clientOf(far.url).read({}, { timeoutMs: 200 })
    await assert.rejects(call, coded('EKB_ERR_TIMEOUT', 504))
    assert.equal(callsOf(far).length, 0)
  })

  it('has its streams iterated, also after they were awaited', async () => {
    await using far = await startFar((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.end('{"n":1}\n{"n":2}\n')
    })
    const client = clientOf(far.url)
    const items: unknown[] = []
    for await (const item of client.list()) items.push(item)
    for await (const item of (await client.list()) as AsyncIterable<unknown>) items.push(item)
    assert.deepEqual(items, [{ n: 1 }, { n: 2 }, { n: 1 }, { n: 2 }])
  })

  it('is no promise, and no stream where it answers with a value', async () => {
    await using far = await startFar((_request, response) => sendJson(response, { n: 1 }))
    const client = clientOf(far.url)
    assert.equal(await Promise.resolve(client), client)
    const iterate = async () => {
      for await (const _ of client.read()) assert.fail('an item')
    }
    await assert.rejects(iterate(), coded('EKB_ERR_CALL_PROTOCOL', 502, /read as a stream/))
  })
})

describe('a stream of a service elsewhere', () => {
  it('that its reader leaves is closed there at once, also while an item is waited for', async () => {
    await using far = await startFar((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write('{"n":1}\n')
    })
    const counts = new CountTable()
    const items = (await clientOf(far.url, { counts }).list()) as AsyncIterableIterator<unknown>
    assert.deepEqual((await items.next()).value, { n: 1 })
    const pending = items.next()
    await items.return?.()
    assert.equal((await pending).done, true)
    await waitUntil(() => callsOf(far)[0]?.left.aborted, { describe: () => 'the end of the stream there' })
    assert.deepEqual(
      counts.take().map(([api, code, count]) => [api, code, count]),
      [['list', 499, 1]],
    )
  })

  it('that breaks off, or ends with an error, is no normal end', async () => {
    await using far = await startFar((_request, response, tries) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write('{"n":1}\n')
      if (tries === 1) setImmediate(() => response.destroy())
      else response.end('{"error":"Out of paper","code":"NO_PAPER","statusCode":409}\n')
    })
    const client = clientOf(far.url)
    for (const check of [coded('EKB_ERR_WORKER_LOST', 503), coded('EKB_ERR_DEPENDENCY_FAILED', 502, /Out of paper/)]) {
      const items: unknown[] = []
      const read = async () => {
        for await (const item of client.list()) items.push(item)
      }
      await assert.rejects(read(), check)
      assert.deepEqual(items, [{ n: 1 }])
    }
  })

  it('has time only until it begins', async () => {
    await using far = await startFar(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write('{"n":1}\n')
      await sleep(1_600)
      response.end('{"n":2}\n')
    })
    const items: unknown[] = []
    for await (const item of clientOf(far.url).list({}, { timeoutMs: 1_500 })) items.push(item)
    assert.deepEqual(items, [{ n: 1 }, { n: 2 }])
  })
})
