import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { waitUntil } from '../../../../test/helpers/wait-until.js'
import { CallStream } from './call-stream.js'
import { ItemQueue } from './item-queue.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** So that what nobody holds is gone, and whoever watches for that has been told. */
async function collect(): Promise<void> {
  for (let times = 0; times < 5; times++) {
    collectGarbage()
    await sleep(5)
  }
}

function openStream(): { stream: CallStream; items: ItemQueue; readonly cancelled: () => boolean } {
  let isCancelled = false
  const items = new ItemQueue(() => {})
  const cancel = (): void => {
    isCancelled = true
    items.end({ error: new Error('cancelled') })
  }
  return { stream: new CallStream(() => ({ items, cancel })), items, cancelled: () => isCancelled }
}

test('a stream that its reader forgot is cancelled', async () => {
  const { items, cancelled } = await (async () => {
    const { stream, ...rest } = openStream()
    rest.items.push('first', 1)
    assert.deepEqual(await stream.next(), { done: false, value: 'first' })
    return rest
  })()
  await waitUntil(() => collect().then(cancelled), { describe: 'the stream to be forgotten' })
  assert.ok(items)
})

test('one whose next item is waited for is not forgotten, though nothing else holds it', async () => {
  const { step, items, cancelled } = (() => {
    const { stream, ...rest } = openStream()
    return { step: stream.next(), ...rest }
  })()
  await collect()
  assert.equal(cancelled(), false)
  items.push('late', 1)
  assert.deepEqual(await step, { done: false, value: 'late' })
})
