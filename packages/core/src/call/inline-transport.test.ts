import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isServiceError, ServiceError } from '../errors/service-error.js'
import type { CallHandler } from '../runner/call-request.js'
import { createInlineTransport } from './inline-transport.js'
import type { ServiceCallError } from './service-call-error.js'

const open = (handler: CallHandler) => createInlineTransport({ service: 'Here', handler })
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
  await assert.rejects(transport.call('a', 1, { ...ids, timeoutMs: 5 }), coded('EKB_ERR_TIMEOUT'))
  await assert.rejects(transport.call('a', 1, { ...ids, deadlineAt: 1 }), coded('EKB_ERR_TIMEOUT'))
  const controller = new AbortController()
  const call = transport.call('a', 1, { ...ids, signal: controller.signal })
  setImmediate(() => controller.abort())
  await assert.rejects(call, coded('EKB_ERR_ABORTED'))
  await assert.rejects(transport.call('a', 1, { ...ids, signal: controller.signal }), coded('EKB_ERR_ABORTED'))
  assert.deepEqual(reasons, ['EKB_ERR_TIMEOUT', 'EKB_ERR_ABORTED'])
})
