import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { createClient, isClientError } from '@ekiben/core/client'
import { type Script, type ScriptedServer, sendJson, startScripted } from '../helpers/scripted-server.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Service {
  items(input?: unknown): AsyncGenerator<unknown>
}

/** Of the test that is about it. */
const TIMEOUT_MS = 1_500
const NDJSON = 'application/x-ndjson'
const EVENTS = 'text/event-stream; charset=utf-8'

/** Answers with these pieces, each in a write of its own, to its end unless `cut`. */
const pieces =
  (type: string, written: readonly (string | Uint8Array)[], { cut = false, headers = {} } = {}): Script =>
  async (_, response) => {
    response.writeHead(200, { 'content-type': type, ...headers })
    for (const piece of written) await new Promise((resolve) => response.write(piece, resolve))
    if (cut) response.destroy()
    else response.end()
  }

async function itemsOf(script: Script): Promise<{ items: unknown[]; error: unknown }> {
  await using server = await startScripted(script)
  const items: unknown[] = []
  try {
    for await (const item of createClient<Service>(server.url).items()) items.push(item)
    return { items, error: undefined }
  } catch (error) {
    return { items, error }
  }
}

describe('a stream of NDJSON', () => {
  it('is iterated by its items, whatever they are and wherever it is cut', async () => {
    const text = '{"a":1}\n"hé\\n"\nnull\n[1]\r\n\n{"error":"an item"}\n{"error":"No","code":"X"}\n5'
    const items = [{ a: 1 }, 'hé\n', null, [1], { error: 'an item' }, { error: 'No', code: 'X' }, 5]
    assert.deepEqual(await itemsOf(pieces(NDJSON, [text])), { items, error: undefined })
    const bytes = [...new TextEncoder().encode(text)].map((byte) => new Uint8Array([byte]))
    assert.deepEqual(await itemsOf(pieces(NDJSON, bytes)), { items, error: undefined })
  })

  it('may be empty', async () => {
    assert.deepEqual(await itemsOf(pieces(NDJSON, [])), { items: [], error: undefined })
  })

  it('ends with the error that is its last item', async () => {
    const body = { error: 'Out of paper', code: 'NO_PAPER', statusCode: 409, detail: [1], requestId: 'r1' }
    const { items, error } = await itemsOf(pieces(NDJSON, ['1\n', `${JSON.stringify(body)}\n`]))
    assert.deepEqual(items, [1])
    assert.ok(isClientError(error, 'NO_PAPER'))
    const { message, statusCode, detail, requestId } = error
    assert.deepEqual([message, statusCode, detail, requestId], ['Out of paper', 409, [1], 'r1'])
  })

  it('does not end normally when its connection breaks off', async () => {
    const { items, error } = await itemsOf(pieces(NDJSON, ['1\n2\n'], { cut: true }))
    assert.deepEqual(items, [1, 2])
    assert.ok(isClientError(error, 'EKB_ERR_CLIENT_CUT'), String(error))
  })

  it('is not read on from a line that is no JSON', async () => {
    const { items, error } = await itemsOf(pieces(NDJSON, ['1\n', 'oops\n', '2\n']))
    assert.deepEqual(items, [1])
    assert.ok(isClientError(error, 'EKB_ERR_CLIENT_ANSWER'))
  })
})

describe('Server-Sent Events', () => {
  it('are iterated by their data, parsed where it is JSON', async () => {
    const text = ': hello\n\nid: 1\ndata: {"a":1}\n\ndata: to\ndata: ken\n\r\nevent: x\rdata: 5\r\r'
    assert.deepEqual(await itemsOf(pieces(EVENTS, [text])), { items: [{ a: 1 }, 'to\nken', 5], error: undefined })
  })

  it('end with an event error', async () => {
    const { items, error } = await itemsOf(
      pieces(EVENTS, ['data: a\n\n', 'event: error\ndata: {"error":"No","code":"NO","statusCode":500}\n\n']),
    )
    assert.deepEqual(items, ['a'])
    assert.ok(isClientError(error, 'NO') && error.statusCode === 500)
  })
})

describe('a raw body', () => {
  const EURO = new TextEncoder().encode('€')

  it('is iterated as text, no character cut in two', async () => {
    const { items } = await itemsOf(pieces('text/plain; charset=utf-8', ['a', EURO.slice(0, 1), EURO.slice(1)]))
    assert.equal(items.join(''), 'a€')
  })

  it('is iterated as bytes', async () => {
    const { items } = await itemsOf(pieces('application/octet-stream', [EURO]))
    assert.deepEqual(Buffer.concat(items as Uint8Array[]), Buffer.from(EURO))
  })

  it("of BentoML's is text, whatever it is called", async () => {
    const headers = { server: 'BentoML Service/Tokens' }
    const { items } = await itemsOf(pieces('text/event-stream', ['a b'], { headers }))
    assert.deepEqual(items, ['a b'])
  })

  it('of JSON is no stream', async () => {
    const { items, error } = await itemsOf((_, response) => sendJson(response, [1]))
    assert.deepEqual(items, [])
    assert.ok(isClientError(error, 'EKB_ERR_CLIENT_ANSWER'))
  })
})

/** A stream that the test writes itself. */
async function openStream(): Promise<{ server: ScriptedServer; response: Promise<ServerResponse> }> {
  let opened: (response: ServerResponse) => void
  const response = new Promise<ServerResponse>((resolve) => {
    opened = resolve
  })
  const server = await startScripted((_, answer) => {
    answer.writeHead(200, { 'content-type': NDJSON })
    answer.flushHeaders()
    opened(answer)
  })
  return { server, response }
}

const seesLeave = (server: ScriptedServer) =>
  waitUntil(() => server.received[0]?.left.aborted, { describe: 'the server to see the client leave' })

describe('a stream that goes on', () => {
  it('gives each item as soon as it is sent, and has no time limit once it has begun', async () => {
    const { server, response } = await openStream()
    await using _ = server
    const stream = createClient<Service>(server.url, { timeoutMs: TIMEOUT_MS }).items()[Symbol.asyncIterator]()
    const first = stream.next()
    const answer = await response
    answer.write('1\n')
    assert.deepEqual(await first, { done: false, value: 1 })
    // Beyond its time limit: that of a stream which was asked for after it, and did not begin, is over.
    await using silent = await startScripted(() => undefined)
    const later = createClient<Service>(silent.url, { timeoutMs: TIMEOUT_MS }).items()[Symbol.asyncIterator]().next()
    await assert.rejects(later, (error) => isClientError(error, 'EKB_ERR_CLIENT_TIMEOUT'))
    answer.write('2\n')
    assert.deepEqual(await stream.next(), { done: false, value: 2 })
    answer.end()
    assert.deepEqual(await stream.next(), { done: true, value: undefined })
  })

  it('is closed by whoever leaves the loop', async () => {
    const { server, response } = await openStream()
    await using _ = server
    response.then((answer) => answer.write('1\n')).catch(() => undefined)
    for await (const item of createClient<Service>(server.url).items()) {
      assert.equal(item, 1)
      break
    }
    await seesLeave(server)
  })

  it('is closed while its first item is waited for, and before anything was asked for', async () => {
    for (const ask of [true, false]) {
      const { server, response } = await openStream()
      await using _ = server
      const stream = createClient<Service>(server.url).items()[Symbol.asyncIterator]()
      const first = ask ? stream.next().catch(() => undefined) : undefined
      await response
      await stream.return?.()
      await first
      await seesLeave(server)
    }
  })

  it('is closed by its signal, whose reason is thrown', async () => {
    const { server, response } = await openStream()
    await using _ = server
    const abort = new AbortController()
    const stream = createClient<Service>(server.url).items({}, { signal: abort.signal })[Symbol.asyncIterator]()
    const first = stream.next()
    await response
    abort.abort('enough')
    await assert.rejects(first, (error) => isClientError(error, 'EKB_ERR_CLIENT_ABORTED') && error.cause === 'enough')
    await seesLeave(server)
  })

  it('must begin in time', async () => {
    await using server = await startScripted(() => undefined)
    const client = createClient<Service>(server.url, { timeoutMs: 500 })
    // On a busy machine it may not even be sent in that time.
    await waitUntil(async () => {
      const first = client.items()[Symbol.asyncIterator]().next()
      await assert.rejects(first, (error) => isClientError(error, 'EKB_ERR_CLIENT_TIMEOUT'))
      return server.received.length > 0
    })
    await seesLeave(server)
  })

  it('is read no faster than it is asked for', async () => {
    const line = `"${'x'.repeat(1 << 20)}"\n`
    const answers: ServerResponse[] = []
    await using server = await startScripted((_, response) => {
      answers.push(response)
      response.writeHead(200, { 'content-type': NDJSON })
      for (let written = 0; written < 64; written++) response.write(line)
      if (answers.length > 1) response.end()
    })
    const client = createClient<Service>(server.url)
    const stream = client.items()[Symbol.asyncIterator]()
    assert.equal(((await stream.next()).value as string).length, 1 << 20)
    // Whoever asks for all of as much gets it, though it began later: there was time to read on.
    let count = 0
    for await (const _ of client.items()) count++
    assert.equal(count, 64)
    assert.deepEqual(
      answers.map(({ writableLength }) => writableLength > 0),
      [true, false],
    )
    assert.equal(((await stream.next()).value as string).length, 1 << 20)
    await stream.return?.()
    await seesLeave(server)
  })

  it('that is awaited is what can be iterated', async () => {
    await using server = await startScripted(pieces(NDJSON, ['1\n2\n']))
    const stream = (await createClient<Service>(server.url).items()) as AsyncIterable<unknown>
    const items: unknown[] = []
    for await (const item of stream) items.push(item)
    assert.deepEqual(items, [1, 2])
  })

  it('that fails before anybody iterates it ends no process, and says so then', async () => {
    await using server = await startScripted((_, response) => sendJson(response, { error: 'No', code: 'NO' }, 404))
    const stream = createClient<Service>(server.url).items()
    await waitUntil(() => server.received.length === 1)
    await assert.rejects(stream[Symbol.asyncIterator]().next(), (error) => isClientError(error, 'NO'))
  })
})
