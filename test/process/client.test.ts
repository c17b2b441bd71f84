import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClientError, createClient, isClientError } from '@ekiben/core/client'
import { closedUrl, formOf, type Script, sendJson, startScripted } from '../helpers/scripted-server.js'
import { waitUntil } from '../helpers/wait-until.js'

/** What the tests call: only its type counts. */
interface Service {
  run(input?: unknown): Promise<unknown>
  other(input?: unknown): Promise<unknown>
}

/** One call of `run` to a server that answers so. */
async function runAgainst(script: Script, input?: unknown, answer?: 'blob' | 'text') {
  await using server = await startScripted(script)
  const client = createClient<Service>(server.url, answer === undefined ? {} : { apis: { run: { answer } } })
  const value = await client.run(input)
  return { value, received: server.received[0]! }
}

async function errorOf(promise: Promise<unknown>): Promise<ClientError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  )
  assert.ok(isClientError(error) && error instanceof ClientError, String(error))
  return error
}

const errorAgainst = (script: Script, input?: unknown) => errorOf(runAgainst(script, input))

describe('a client sends', () => {
  const json: Script = (_, response) => sendJson(response, { ok: true })

  it('JSON to the route of the method', async () => {
    const { value, received } = await runAgainst(json, { text: 'hé' })
    assert.deepEqual(value, { ok: true })
    assert.deepEqual([received.method, received.path, received.body.toString()], ['POST', '/run', '{"text":"hé"}'])
    assert.equal(received.headers['content-type'], 'application/json')
    assert.match(received.headers.accept ?? '', /^application\/x-ndjson, /)
  })

  it('no body where there is no input', async () => {
    const { received } = await runAgainst(json)
    assert.deepEqual([received.body.length, received.headers['content-type']], [0, undefined])
  })

  it('files as parts of a form, other fields as JSON', async () => {
    const image = new File(['abc'], 'a.png', { type: 'image/png' })
    const pages = [new Blob(['1'], { type: 'text/plain' }), new TextEncoder().encode('2')]
    const { received } = await runAgainst(json, { image, pages, text: '5', size: { w: 1 } })
    assert.match(received.headers['content-type'] ?? '', /^multipart\/form-data; boundary=/)
    assert.deepEqual(await formOf(received), [
      ['image', 'abc', 'a.png', 'image/png'],
      ['pages', '1', 'blob', 'text/plain'],
      ['pages', '2', 'pages', 'application/octet-stream'],
      ['text', '"5"'],
      ['size', '{"w":1}'],
    ])
  })

  it('bytes and files as the whole body', async () => {
    const bytes = await runAgainst(json, new Uint8Array([0, 255]))
    assert.deepEqual([...bytes.received.body], [0, 255])
    assert.equal(bytes.received.headers['content-type'], 'application/octet-stream')
    const file = await runAgainst(json, new Blob(['x'], { type: 'image/png' }))
    assert.deepEqual([file.received.body.toString(), file.received.headers['content-type']], ['x', 'image/png'])
  })

  it('headers: those of the client, asked for at each call, and those of the call over them', async () => {
    await using server = await startScripted(json)
    let token = 0
    const headers = async () => ({ authorization: `Bearer ${++token}`, 'x-kind': 'client' })
    const client = createClient<Service>(`${server.url}/ml/`, { headers, apis: { other: { route: '/v1/other' } } })
    await client.run()
    await client.other({}, { headers: { 'X-Kind': 'call' } })
    const seen = server.received.map(({ path, headers }) => [path, headers.authorization, headers['x-kind']])
    assert.deepEqual(seen, [
      ['/ml/run', 'Bearer 1', 'client'],
      ['/ml/v1/other', 'Bearer 2', 'call'],
    ])
  })

  it('nothing that cannot be sent', async () => {
    await using server = await startScripted(json)
    const error = await errorOf(createClient<Service>(server.url).run({ fn: () => 1 }))
    assert.deepEqual([error.code, error.statusCode], ['EKB_ERR_CLIENT_INPUT', undefined])
    assert.match(error.message, /a function at \$\.fn to POST http:/)
    assert.equal(server.received.length, 0)
  })

  it('through another fetch, where one is given', async () => {
    const seen: string[] = []
    const fetch = async (url: string) => {
      seen.push(url)
      return Response.json([1])
    }
    assert.deepEqual(await createClient<Service>('http://nowhere.invalid', { fetch }).run(), [1])
    assert.deepEqual(seen, ['http://nowhere.invalid/run'])
  })
})

describe('a client is no promise', () => {
  it('so that it can be awaited', async () => {
    const client = createClient<Service>('http://nowhere.invalid')
    assert.equal(await client, client)
    assert.equal(JSON.stringify({ client }), '{"client":{}}')
    assert.equal(client.run, client.run)
  })
})

describe('a client reads', () => {
  const typed =
    (type: string, body: string | Uint8Array, headers = {}): Script =>
    (_, response) =>
      response.writeHead(200, { 'content-type': type, ...headers }).end(body)

  it('text as a string', async () => {
    assert.equal((await runAgainst(typed('text/plain; charset=utf-8', 'hé'))).value, 'hé')
  })

  it('nothing as undefined', async () => {
    assert.equal((await runAgainst((_, response) => response.writeHead(204).end())).value, undefined)
  })

  it('anything else as a Blob, or a File where it has a name', async () => {
    const { value: blob } = await runAgainst(typed('image/png', new Uint8Array([0, 255])))
    assert.ok(blob instanceof Blob && !(blob instanceof File))
    assert.deepEqual([blob.type, [...new Uint8Array(await blob.arrayBuffer())]], ['image/png', [0, 255]])
    const names: [string, string][] = [
      ['attachment; filename="a \\"b\\".png"', 'a "b".png'],
      ['inline; filename="_.png"; filename*=UTF-8\'\'%E2%82%AC.png', '€.png'],
      ['attachment; filename=../../etc/passwd', 'passwd'],
    ]
    for (const [disposition, name] of names) {
      const { value } = await runAgainst(typed('image/png', 'x', { 'content-disposition': disposition }))
      assert.ok(value instanceof File)
      assert.equal(value.name, name)
    }
  })

  it('what it was told to, whatever the media type', async () => {
    const bytes = typed('text/plain', new Uint8Array([0, 255]))
    const { value, received } = await runAgainst(bytes, {}, 'blob')
    assert.deepEqual([...new Uint8Array(await (value as Blob).arrayBuffer())], [0, 255])
    assert.equal(received.headers.accept, '*/*')
    assert.equal((await runAgainst(typed('application/json', '"a"'), {}, 'text')).value, '"a"')
  })

  it('no JSON that is none', async () => {
    const error = await errorAgainst(typed('application/json', '<html>'))
    assert.deepEqual([error.code, error.statusCode], ['EKB_ERR_CLIENT_ANSWER', undefined])
  })
})

describe('a call fails', () => {
  it('with what the server says', async () => {
    const body = { error: 'No such order', code: 'ORDER_UNKNOWN', statusCode: 404, detail: { id: 7 }, requestId: 'r1' }
    const error = await errorAgainst((_, response) => sendJson(response, body, 404))
    const { message, code, statusCode, detail, requestId, retryable } = error
    assert.deepEqual(
      { message, code, statusCode, detail, requestId, retryable },
      {
        message: 'No such order',
        code: 'ORDER_UNKNOWN',
        statusCode: 404,
        detail: { id: 7 },
        requestId: 'r1',
        retryable: false,
      },
    )
  })

  it("with another server's status and words", async () => {
    const error = await errorAgainst((_, response) => {
      response.writeHead(502, { 'content-type': 'text/html', 'x-request-id': 'r2' }).end('<html>Bad Gateway</html>')
    })
    assert.deepEqual([error.code, error.statusCode, error.requestId], ['EKB_ERR_CLIENT_REFUSED', 502, 'r2'])
    assert.match(error.message, /^POST http:\S+\/run was refused with 502: Bad Gateway$/)
    assert.equal(error.retryable, true)
    // BentoML's 4xx are lists.
    const listed = await errorAgainst((_, response) => sendJson(response, [{ error: 'too short' }], 422))
    assert.match(listed.message, /was refused with 422: too short$/)
  })

  it('where nobody listens, and ends no process that did not wait for it', async () => {
    const client = createClient<Service>(await closedUrl())
    void client.run()
    const error = await errorOf(client.run())
    assert.deepEqual([error.code, error.statusCode, error.retryable], ['EKB_ERR_CLIENT_UNREACHABLE', undefined, true])
    assert.match(error.message, /^POST http:\S+ could not be reached: connect ECONNREFUSED /)
    assert.ok(error.cause instanceof TypeError)
  })

  it('when its answer breaks off', async () => {
    const error = await errorAgainst((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{', () => response.destroy())
    })
    assert.equal(error.code, 'EKB_ERR_CLIENT_CUT')
  })

  for (const [where, script] of [
    ['before the answer', () => undefined],
    [
      'in the midst of it',
      (_: unknown, response) => void response.writeHead(200, { 'content-length': '9' }).write('1'),
    ],
  ] as [string, Script][]) {
    it(`when its time is up ${where}: the connection is closed`, async () => {
      await using server = await startScripted(script)
      const client = createClient<Service>(server.url, { timeoutMs: 60_000 })
      // On a busy machine it may not even be sent in that time.
      const error = await waitUntil(async () => {
        const failed = await errorOf(client.run({}, { timeoutMs: 500 }))
        return server.received.length > 0 && failed
      })
      assert.equal(error.code, 'EKB_ERR_CLIENT_TIMEOUT')
      assert.match(error.message, /did not answer within 500 ms/)
      await waitUntil(() => server.received[0]?.left.aborted, { describe: 'the server to see the client leave' })
    })

    it(`when its signal aborts ${where}: the connection is closed`, async () => {
      await using server = await startScripted(script)
      const abort = new AbortController()
      const failed = errorOf(createClient<Service>(server.url).run({}, { signal: abort.signal }))
      await waitUntil(() => server.received.length === 1)
      abort.abort('enough')
      const error = await failed
      assert.deepEqual([error.code, error.cause], ['EKB_ERR_CLIENT_ABORTED', 'enough'])
      await waitUntil(() => server.received[0]?.left.aborted, { describe: 'the server to see the client leave' })
    })
  }

  it('at once where its signal was aborted before', async () => {
    await using server = await startScripted(() => undefined)
    const error = await errorOf(createClient<Service>(server.url).run({}, { signal: AbortSignal.abort() }))
    assert.equal(error.code, 'EKB_ERR_CLIENT_ABORTED')
    assert.equal(server.received.length, 0)
  })

  it('where an option cannot be', async () => {
    const refused: [() => unknown, RegExp][] = [
      [() => createClient('localhost:3000'), /'url' of the client is localhost:3000/],
      [() => createClient('http://a', { timeoutMs: 0 }), /'timeoutMs' of the client is 0/],
      [() => createClient('http://a', { headers: { 'a b': '1' } }), /'headers'.*'a b'/],
      [() => createClient<Service>('http://a', { apis: { run: { route: 'run' } } }), /'apis\.run\.route'/],
      [() => createClient<Service>('http://a', { apis: { run: { answer: 'xml' as 'text' } } }), /'apis\.run\.answer'/],
    ]
    for (const [make, message] of refused) {
      assert.throws(make, (error) => isClientError(error, 'EKB_ERR_CLIENT_OPTION') && message.test(error.message))
    }
    const error = await errorOf(createClient<Service>('http://a').run({}, { timeoutMs: -1 }))
    assert.equal(error.code, 'EKB_ERR_CLIENT_OPTION')
  })
})

describe('an idempotent call', () => {
  const busy = (times: number): Script => {
    let left = times
    return (_, response) => {
      if (left-- === 0) sendJson(response, 'done')
      else {
        response.setHeader('retry-after', '0')
        sendJson(response, { error: 'Later', code: 'EKB_ERR_OVERLOADED', statusCode: 429 }, 429)
      }
    }
  }

  it('is tried up to twice more', async () => {
    await using server = await startScripted(busy(2))
    assert.equal(await createClient<Service>(server.url).run({ a: 1 }, { idempotent: true }), 'done')
    assert.deepEqual(
      server.received.map(({ body }) => body.toString()),
      Array(3).fill('{"a":1}'),
    )
  })

  it('fails then', async () => {
    await using server = await startScripted(busy(3))
    const error = await errorOf(createClient<Service>(server.url).run({}, { idempotent: true }))
    assert.deepEqual([error.statusCode, error.retryAfterMs, server.received.length], [429, 0, 3])
  })

  it('is the only kind that is', async () => {
    await using server = await startScripted(busy(1))
    const error = await errorOf(createClient<Service>(server.url).run())
    assert.deepEqual([error.statusCode, error.retryable, server.received.length], [429, true, 1])
  })

  it('is not tried again where that cannot help', async () => {
    await using server = await startScripted((_, response) => sendJson(response, { error: 'No', code: 'NO' }, 404))
    await errorOf(createClient<Service>(server.url).run({}, { idempotent: true }))
    assert.equal(server.received.length, 1)
  })
})
