import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { isServiceError } from '../errors/service-error.js'
import type { CallRequest } from '../runner/call-request.js'
import { runInCall } from './current-call.js'
import type { CallOptions } from './pool-call.js'
import { type ClientCallOptions, createServiceClient } from './service-client.js'

type Answer = Promise<unknown> & AsyncIterableIterator<unknown>
type Client = Record<string, (input?: unknown, options?: ClientCallOptions) => Answer>
interface Seen {
  readonly api: string
  readonly input: unknown
  readonly options: CallOptions
}

function open() {
  const seen: Seen[] = []
  const definition = {
    name: 'Embedder',
    apis: {
      embed: { idempotent: false, stream: false },
      look: { idempotent: true, stream: false },
      talk: { idempotent: false, stream: true },
    },
  }
  const transport = {
    call: async (api: string, input: unknown, options: CallOptions) => {
      seen.push({ api, input, options })
      return 'answer'
    },
    async *stream(api: string, input: unknown, options: CallOptions): AsyncGenerator<string, undefined> {
      seen.push({ api, input, options })
      yield 'one'
      yield 'two'
      return undefined
    },
  }
  const optionsOf = (index: number): CallOptions => (seen[index] as Seen).options
  return { client: createServiceClient(definition, transport) as Client, seen, optionsOf }
}

async function all(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const taken: unknown[] = []
  for await (const item of items) taken.push(item)
  return taken
}

const request = (signal: AbortSignal): CallRequest => ({
  requestId: 'req-1',
  traceparent: '00-1-2-01',
  deadlineAt: 123,
  signal,
  headers: undefined,
  remoteAddress: undefined,
  response: undefined,
})

test('outside of a call: an id of its own, no deadline', async () => {
  const { client, seen } = open()
  assert.equal(await client.embed?.({ texts: [] }), 'answer')
  const { api, input, options } = seen[0] as Seen
  assert.deepEqual([api, input], ['embed', { texts: [] }])
  assert.match(options.requestId, /^[\w-]{36}$/)
  assert.deepEqual(Object.keys(options).sort(), ['idempotent', 'requestId'])
})

test('within a call: its id, trace, deadline and cancellation are inherited, across awaits', async () => {
  const { client, optionsOf } = open()
  const controller = new AbortController()
  await runInCall(request(controller.signal), async () => {
    await new Promise(setImmediate)
    await client.look?.(1)
  })
  const { signal, ...rest } = optionsOf(0)
  assert.equal(signal, controller.signal)
  assert.deepEqual(rest, { requestId: 'req-1', traceparent: '00-1-2-01', deadlineAt: 123, idempotent: true })
})

test("a call's own signal and limits come on top", async () => {
  const { client, optionsOf } = open()
  const own = new AbortController()
  await runInCall(request(new AbortController().signal), () =>
    client.look?.(1, { signal: own.signal, timeoutMs: 5, idempotent: false }),
  )
  const { signal, timeoutMs, deadlineAt, idempotent } = optionsOf(0)
  assert.deepEqual([timeoutMs, deadlineAt, idempotent, signal?.aborted], [5, 123, false, false])
  own.abort()
  assert.equal(signal?.aborted, true)
})

test('what is no api rejects and lists those there are', async () => {
  const { client } = open()
  await assert.rejects(client.embedd?.() as Promise<unknown>, (error: unknown) => {
    assert.ok(isServiceError(error, 'EKB_ERR_SERVICE_NOT_AN_API'))
    assert.match(error.message, /'embedd' is no api of service 'Embedder'; its apis are embed, look, talk/)
    return true
  })
})

test('a stream is iterated, once; what it inherits is that of the call it was asked for in', async () => {
  const { client, seen, optionsOf } = open()
  const controller = new AbortController()
  const items = runInCall(request(controller.signal), () => client.talk?.('hi', { timeoutMs: 7 })) as Answer
  assert.deepEqual(await all(items), ['one', 'two'])
  assert.deepEqual(await all(items), [])
  assert.deepEqual([seen.length, seen[0]?.api, seen[0]?.input], [1, 'talk', 'hi'])
  const { requestId, deadlineAt, timeoutMs, idempotent } = optionsOf(0)
  assert.deepEqual([requestId, deadlineAt, timeoutMs, idempotent], ['req-1', 123, 7, false])
})

test('a stream that is left early is closed', async () => {
  const { client } = open()
  const items = client.talk?.() as Answer
  for await (const item of items) {
    assert.equal(item, 'one')
    break
  }
  assert.deepEqual(await items.next(), { done: true, value: undefined })
})

test('a client can be awaited, printed, compared and turned into JSON without a call', async () => {
  const { client, seen } = open()
  assert.equal(await client, client)
  assert.match(inspect(client), /embed/)
  assert.equal(JSON.stringify(client), '{}')
  assert.equal(String(client), '[object Object]')
  assert.notEqual(client, open().client)
  for (const name of ['then', 'toJSON', 'onModuleInit', 'asymmetricMatch']) assert.equal(client[name], undefined)
  assert.equal((client as unknown as Record<symbol, unknown>)[Symbol.iterator], undefined)
  assert.deepEqual(seen, [])
})
