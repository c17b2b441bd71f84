import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { loadSentenceEncoder } from '../lib/sentence-encoder.js'

const dot = (a: readonly number[] = [], b: readonly number[] = []): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)

test('the model comes out of its package: no connection is opened', async () => {
  const opened: unknown[] = []
  const onSocket = (message: unknown): number => opened.push(message)
  subscribe('net.client.socket', onSocket)
  try {
    await (await loadSentenceEncoder()).encode(['Where is my parcel?'])
  } finally {
    unsubscribe('net.client.socket', onSocket)
  }
  assert.deepEqual(opened, [])
})

test('texts of like meaning are near each other, alone or in a batch', async () => {
  const encoder = await loadSentenceEncoder()
  const [parcel, delivery, teapot] = await encoder.encode([
    'Where is my parcel?',
    'When does the delivery arrive?',
    'Is the teapot dishwasher safe?',
  ])
  const [alone] = await encoder.encode(['Where is my parcel?'])
  assert.equal(parcel?.length, 512)
  assert.ok(Math.abs(dot(parcel, parcel) - 1) < 1e-4)
  assert.ok(dot(parcel, alone) > 0.999)
  assert.ok(dot(parcel, delivery) > dot(parcel, teapot) + 0.1, `${dot(parcel, delivery)} ${dot(parcel, teapot)}`)
})
