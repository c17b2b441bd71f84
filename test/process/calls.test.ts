import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ServiceCallError } from '../../packages/core/build/call/service-call-error.js'
import { isServiceError } from '../../packages/core/build/errors/service-error.js'
import { monotonicMs } from '../../packages/core/build/util/monotonic.js'
import { call, openCallPool } from '../helpers/call-pool.js'
import { waitUntil } from '../helpers/wait-until.js'

type RefusedCall = InstanceType<typeof ServiceCallError>

const coded = (code: string) => (error: unknown) => {
  assert.ok(isServiceError(error, code), `${code} was expected: ${String(error)}`)
  return true
}

test('values arrive as they were, there and back', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start()])
  const value = { at: new Date(5), big: 2n ** 80n, set: new Set([-0]), raw: Buffer.from('x'), none: undefined }
  assert.deepStrictEqual(await call(client, 'echo', value), value)
  assert.deepStrictEqual(await call(client, 'echo'), undefined)
  const file = (await call(client, 'echo', new File(['text'], 'a.txt', { type: 'text/plain' }))) as File
  assert.deepEqual([file.name, file.type, await file.text()], ['a.txt', 'text/plain', 'text'])
})

for (const kilobytes of [64, 1024, 64 * 1024]) {
  test(`a payload of ${kilobytes} KB there and back, among small calls`, async () => {
    await using pool = openCallPool()
    const client = pool.client()
    client.update([await pool.start()])
    const sent = Buffer.alloc(kilobytes * 1024, 'ekiben')
    const large = call(client, 'echo', { sent })
    const small = Promise.all(Array.from({ length: 50 }, (_, index) => call(client, 'echo', index)))
    const { sent: arrived } = (await large) as { sent: Buffer }
    assert.ok(Buffer.isBuffer(arrived) && arrived.equals(sent))
    assert.deepEqual(
      await small,
      Array.from({ length: 50 }, (_, index) => index),
    )
  })
}

test('text of several MB, all inside the message', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start()])
  const value = { lines: Array.from({ length: 60_000 }, (_, line) => ({ line, text: `Zeile ${line}: größer, 日本` })) }
  assert.deepEqual(await call(client, 'echo', value), value)
})

test('more than a frame may hold is refused at the sender', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start()])
  const half = new Uint8Array(new ArrayBuffer(129 * 1024 * 1024))
  await assert.rejects(call(client, 'size', [half, half]), coded('EKB_ERR_CALL_TOO_LARGE'))
  assert.equal(await call(client, 'echo', 'still there'), 'still there')
})

test('what cannot be sent fails at its sender with its path: the input here, the result there', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start()])
  await assert.rejects(call(client, 'echo', { fn() {} }), /Cannot send a function at \$\.fn/)
  await assert.rejects(call(client, 'unsendable'), (error: Error) => {
    assert.match(error.message, /Cannot send a function at \$\.items\[0\]\.fn/)
    return coded('EKB_ERR_NOT_SERIALISABLE')(error)
  })
})

test("a dependency's 4xx is a 502 that holds its answer", async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start({ slot: 3 })])
  await assert.rejects(call(client, 'refuse'), (error: RefusedCall) => {
    assert.deepEqual([error.name, error.statusCode, error.code], ['ServiceCallError', 502, 'EKB_ERR_DEPENDENCY_FAILED'])
    const { origin, ...answer } = error.remote
    assert.deepEqual(answer, { statusCode: 404, code: 'ORDER_UNKNOWN', message: 'No such order', detail: { id: 7 } })
    assert.deepEqual([origin?.service, origin?.slot], ['Pool', 3])
    const own = error.asOwn()
    assert.deepEqual([own.statusCode, own.code, own.detail], [404, 'ORDER_UNKNOWN', { id: 7 }])
    assert.equal(own.message, 'No such order')
    return true
  })
})

test("Nest's exceptions refuse a call too", async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start()])
  await assert.rejects(call(client, 'refuseLikeNest'), (error: RefusedCall) => {
    assert.equal(error.statusCode, 502)
    const { statusCode, message } = error.remote
    assert.deepEqual([statusCode, message], [404, 'no cat'])
    return true
  })
})

test('another error arrives as thrown there, with its cause and origin', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start({ slot: 2 })])
  await assert.rejects(call(client, 'fail'), (error: Error & { origin: { slot: number } }) => {
    assert.deepEqual([error.name, error.message, error.origin.slot], ['TypeError', 'broken', 2])
    assert.match(error.stack ?? '', /worker\.cjs/)
    const { message, code } = error.cause as NodeJS.ErrnoException
    assert.deepEqual([message, code], ['disk', 'EIO'])
    return true
  })
})

test('an api that is none', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start()])
  await assert.rejects(call(client, 'ecko'), coded('EKB_ERR_SERVICE_NOT_AN_API'))
})

test('work whose deadline passed while the loop was blocked is not started', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const worker = await pool.start()
  client.update([worker])
  const until = join(pool.folder, 'unblocked')
  const blocked = call(client, 'block', { until })
  await worker.event('blocking')
  const inTime = call(client, 'mark', 'in time', { timeoutMs: 60_000 })
  await Promise.all([
    assert.rejects(call(client, 'mark', 'late', { timeoutMs: 100 }), coded('EKB_ERR_TIMEOUT')),
    assert.rejects(call(client, 'hang', 'late', { deadlineAt: monotonicMs() + 50 }), coded('EKB_ERR_TIMEOUT')),
  ])
  writeFileSync(until, '')
  await Promise.all([blocked, inTime])
  // A worker's events come in order.
  await call(client, 'mark', 'end')
  await worker.event('started', 'end')
  assert.deepEqual(
    worker.events.filter(({ event }) => event === 'started').map(({ name }) => name),
    ['in time', 'end'],
  )
})

test("the pool's limit is a deadline, which aborts the call there", async () => {
  await using pool = openCallPool()
  const client = pool.client({ timeoutMs: 300 })
  const worker = await pool.start()
  client.update([worker])
  // On a busy machine it may not even begin in that time.
  await waitUntil(async () => {
    await assert.rejects(call(client, 'hang', 'a', { timeoutMs: 60_000 }), /Pool\.hang did not answer within 300 ms/)
    return worker.events.some(({ event }) => event === 'started')
  })
  const { code } = await worker.event('aborted', 'a')
  assert.match(String(code), /EKB_ERR_(TIMEOUT|ABORTED)/)
})

test('cancelling a call rejects it at once and aborts it there; the others go on', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const worker = await pool.start()
  client.update([worker])
  const controller = new AbortController()
  const { signal } = controller
  const hanging = Array.from({ length: 20 }, (_, index) => call(client, 'hang', index, { signal }))
  const other = call(client, 'brief', { ms: 50 })
  const outcomes = Promise.allSettled(hanging)
  await worker.event('started', 19)
  controller.abort()
  for (const outcome of await outcomes) {
    assert.equal(outcome.status, 'rejected')
    coded('EKB_ERR_ABORTED')(outcome.reason)
  }
  for (const index of hanging.keys()) assert.equal((await worker.event('aborted', index)).code, 'EKB_ERR_ABORTED')
  assert.equal(await other, worker.slot)
  await assert.rejects(call(client, 'echo', 1, { signal }), coded('EKB_ERR_ABORTED'))
})

test('a caller that is gone has all its calls aborted', async () => {
  await using pool = openCallPool()
  const [leaving, staying] = [pool.client(), pool.client()]
  const worker = await pool.start()
  leaving.update([worker])
  staying.update([worker])
  const lost = [call(leaving, 'hang', 'a'), call(leaving, 'hang', 'b')]
  const outcomes = Promise.allSettled(lost)
  await Promise.all([worker.event('started', 'a'), worker.event('started', 'b')])
  leaving.close()
  await Promise.all([worker.event('aborted', 'a'), worker.event('aborted', 'b')])
  for (const { status } of await outcomes) assert.equal(status, 'rejected')
  assert.equal(await call(staying, 'whoami'), worker.slot)
})
