import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { waitUntil } from '../../../../test/helpers/wait-until.js'
import type { InitMessage, WorkerMessage } from '../ipc/protocol.js'
import { monotonicMs } from '../util/monotonic.js'
import { LocalBackend } from './local-backend.js'
import { WorkerHandle } from './worker-handle.js'

const BOOT_MS = 100

test('what a worker said in time is heard before it is judged, though its supervisor stood still', async () => {
  const { port1, port2 } = new MessageChannel()
  const begin = (tell: (message: WorkerMessage) => void): boolean => {
    port2.once('message', () => tell({ type: 'held' }))
    return true
  }
  const worker = new WorkerHandle({
    identity: { instance: 'lone', service: 'Slow', slot: 0, generation: 1 },
    backend: new LocalBackend({ begin, hear: () => {} }),
    init: {} as InitMessage,
    bootTimeoutMs: BOOT_MS,
    now: monotonicMs,
  })
  const states: string[] = []
  worker.spawn({
    onState: (_worker, { to }) => states.push(to),
    onAnnounced: () => {},
    onTerminated: () => {},
    onWithdrawn: () => {},
  })
  // In this turn: a wait would be part of its time.
  while (worker.state !== 'booting') await Promise.resolve()
  port1.postMessage('it is held')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * BOOT_MS)
  await waitUntil(() => states.length >= 2)
  assert.deepEqual(states, ['booting', 'held'])
  port1.close()
})
