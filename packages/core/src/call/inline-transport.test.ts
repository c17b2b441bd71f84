import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isServiceError, ServiceError } from '../errors/service-error.js'
import type { CallHandler } from '../runner/call-request.js'
import { monotonicMs } from '../util/monotonic.js'
import { createInlineTransport } from './inline-transport.js'
import type { ServiceCallError } from './service-call-error.js'

const open = (handler: CallHandler, timeoutMs?: number) =>
  createInlineTransport({ service: 'Here', handler, timeoutMs })
const coded = (code: string) => (error: unknown) => isServiceError(error, code)
const ids = { requestId: 'r' }

test('values are copied, in and out', async () => {
  let seen: unknown
  const kept = { at: new Date(1), raw: Buffer.from('out') }
  const transport = open((_api, input) => {
    seen = input
    return kept
  })
  const sent = { raw: Buffer.from('in'), list: [1n], blob: new Blob(['b']) }
  const answer = (await transport.call('a', sent, ids)) as typeof kept
  assert.deepStrictEqual(answer, kept)
  kept.raw.fill(0)
  assert.equal(answer.raw.toString(), 'out')
  const { blob, ...rest } = seen as typeof sent
  assert.deepStrictEqual(rest, { raw: sent.raw, list: [1n] })
  assert.equal(await blob.text(), 'b')
  assert.ok((seen as typeof sent).list !== sent.list)
})

test('what would not cross to another process does not cross here', async () => {
  const transport = open(() => ({ fn() {} }))
  await assert.rejects(transport.call('a', { fn() {} }, ids), coded('EKB_ERR_NOT_SERIALISABLE'))
  await assert.rejects(transport.call('a', {}, ids), coded('EKB_ERR_NOT_SERIALISABLE'))
})

test('errors are those of a call', async () => {
  const transport = open(() => {
    throw new ServiceError('No', { statusCode: 404, code: 'NONE' })
  })
  await assert.rejects(transport.call('a', 1, ids), (error: unknown) => {
    assert.ok(coded('EKB_ERR_DEPENDENCY_FAILED')(error))
    assert.equal((error as ServiceCallError).remote.code, 'NONE')
    return true
  })
})

test('deadline and cancellation end the call and abort its signal', async () => {
  const reasons: unknown[] = []
  const transport = open((_api, _input, { signal }) => {
    signal.addEventListener('abort', () => reasons.push((signal.reason as ServiceError).code))
    return new Promise(() => {})
  })
  await assert.rejects(transport.call('a', 1, { ...ids, timeoutMs: 250 }), coded('EKB_ERR_TIMEOUT'))
  await assert.rejects(transport.call('a', 1, { ...ids, deadlineAt: 1 }), coded('EKB_ERR_TIMEOUT'))
  const controller = new AbortController()
  const call = transport.call('a', 1, { ...ids, signal: controller.signal })
  setImmediate(() => controller.abort())
  await assert.rejects(call, coded('EKB_ERR_ABORTED'))
  await assert.rejects(transport.call('a', 1, { ...ids, signal: controller.signal }), coded('EKB_ERR_ABORTED'))
  assert.deepEqual(reasons, ['EKB_ERR_TIMEOUT', 'EKB_ERR_ABORTED'])
})

test("the service's own limit is a deadline, which a call can only shorten", async () => {
  const hang: CallHandler = (_api, _input, { signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const limited = open(hang, 50)
  await assert.rejects(limited.call('a', 1, ids), coded('EKB_ERR_TIMEOUT'))
  await assert.rejects(limited.call('a', 1, { ...ids, timeoutMs: 60_000 }), coded('EKB_ERR_TIMEOUT'))
  const items = limited.stream('a', 1, ids)
  await assert.rejects(items.next(), coded('EKB_ERR_TIMEOUT'))
  await assert.rejects(open(hang, 60_000).call('a', 1, { ...ids, timeoutMs: 50 }), coded('EKB_ERR_TIMEOUT'))
})

test('more time than a timer can take is as good as any', async () => {
  const transport = open(() => new Promise((resolve) => setTimeout(resolve, 50, 'in time')))
  for (const timeoutMs of [2 ** 31 - 1, 2 ** 31, 2 ** 53, Infinity]) {
    assert.equal(await transport.call('a', 1, { ...ids, timeoutMs }), 'in time')
  }
})

test('what an api makes of the end of its time is no answer', async () => {
  const transport = open((_api, _input, request) => {
    // Its clock and the call's are set in different moments, and timers take whole milliseconds: either may be first.
    const beganAt = monotonicMs()
    while (monotonicMs() < beganAt + 0.3);
    return new Promise((resolve) => request.signal.addEventListener('abort', () => resolve('in vain')))
  })
  const calls = Array.from({ length: 100 }, (_, at) => transport.call('a', 1, { ...ids, timeoutMs: 100 + at / 7 }))
  await Promise.all(calls.map((call) => assert.rejects(call, coded('EKB_ERR_TIMEOUT'))))
})

async function all(items: AsyncIterator<unknown>): Promise<unknown[]> {
  const taken: unknown[] = []
  for (let step = await items.next(); step.done !== true; step = await items.next()) taken.push(step.value)
  return taken
}

test('items of a stream are copied, and errors come after those before', async () => {
  const kept = { raw: Buffer.from('out') }
  const transport = open(async function* () {
    yield kept
    yield new Map([[1, 2n]])
    throw new ServiceError('No more', { statusCode: 410, code: 'OVER' })
  })
  const items = transport.stream('a', 1, ids)
  const first = (await items.next()).value as typeof kept
  kept.raw.fill(0)
  assert.equal(first.raw.toString(), 'out')
  assert.deepEqual((await items.next()).value, new Map([[1, 2n]]))
  await assert.rejects(items.next(), (error: unknown) => {
    assert.ok(coded('EKB_ERR_DEPENDENCY_FAILED')(error))
    assert.equal((error as ServiceCallError).remote.code, 'OVER')
    return true
  })
  assert.deepEqual(await items.next(), { done: true, value: undefined })
})

test('a list is a stream, too; what cannot be iterated or sent is none', async () => {
  assert.deepEqual(await all(open(() => [1, 2]).stream('a', 1, ids)), [1, 2])
  await assert.rejects(all(open(() => 7).stream('a', 1, ids)), coded('EKB_ERR_OUTPUT_INVALID'))
  const unsendable = open(async function* () {
    yield () => 1
  })
  await assert.rejects(all(unsendable.stream('a', 1, ids)), coded('EKB_ERR_NOT_SERIALISABLE'))
})

test('a stream begins with its first item, and ends when nobody wants more', async () => {
  const seen: string[] = []
  let made = 0
  const transport = open(async function* (_api, _input, { signal }) {
    seen.push('begun')
    try {
      for (;;) yield made++
    } finally {
      seen.push(`ended, aborted ${signal.aborted}`)
    }
  })
  const items = transport.stream('a', 1, ids)
  await new Promise(setImmediate)
  assert.deepEqual(seen, [])
  assert.equal((await items.next()).value, 0)
  // As far ahead as in another process, and no further.
  let before = -1
  while (made !== before) {
    before = made
    await new Promise(setImmediate)
  }
  assert.ok(made >= 64 && made <= 66, `${made} items were made`)
  await items.return?.()
  while (seen.length < 2) await new Promise(setImmediate)
  assert.deepEqual(seen, ['begun', 'ended, aborted true'])
  assert.deepEqual(await items.next(), { done: true, value: undefined })
})

test('a stream that is closed before it could begin does not begin', async () => {
  const transport = open(() => assert.fail('it began'))
  const unread = transport.stream('a', 1, ids)
  await unread.return?.()
  assert.deepEqual(await unread.next(), { done: true, value: undefined })
  const items = transport.stream('a', new Blob(['read first']), ids)
  const first = items.next()
  await items.return?.()
  assert.deepEqual(await first, { done: true, value: undefined })
})

test("a stream's time is for its first item; abort ends it later, too", async () => {
  const reasons: unknown[] = []
  const transport = open(async function* (_api, input, request) {
    const { signal, deadlineAt = 0 } = request
    const held = new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reasons.push((signal.reason as ServiceError).code)
        reject(signal.reason)
      })
    })
    // It may end before anything waits for that.
    held.catch(() => {})
    if (input === 'late') await held
    yield 'first'
    assert.equal(request.deadlineAt, undefined)
    while (monotonicMs() < deadlineAt + 20) await new Promise((resolve) => setTimeout(resolve, 5))
    yield 'after its time'
    await held
  })
  await assert.rejects(all(transport.stream('a', 'late', { ...ids, timeoutMs: 5 })), coded('EKB_ERR_TIMEOUT'))
  const controller = new AbortController()
  const items = transport.stream('a', 1, { ...ids, timeoutMs: 500, signal: controller.signal })
  await items.next()
  assert.equal((await items.next()).value, 'after its time')
  const next = items.next()
  controller.abort()
  await assert.rejects(next, coded('EKB_ERR_ABORTED'))
  assert.deepEqual(reasons, ['EKB_ERR_TIMEOUT', 'EKB_ERR_ABORTED'])
})
