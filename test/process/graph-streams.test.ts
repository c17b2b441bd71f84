import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allItems,
  openStream,
  type StreamFailure,
  sourceFacts,
  streamsThroughTheGraph,
} from '../helpers/graph-streams.js'
import { serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

streamsThroughTheGraph('from process to process', [])

test('a worker that dies in the middle: its readers hear of it, and no end is feigned', async () => {
  await using server = await serveFixture('streams:Front', ['--no-access-log'])
  const stream = await openStream(server.url, 'count', { to: 3, gate: 'never' })
  const first = await stream.next()
  process.kill(first?.pid as number, 'SIGKILL')
  const [failure] = (await allItems(stream)) as unknown as StreamFailure[]
  assert.equal(failure?.code, 'EKB_ERR_WORKER_LOST')
  assert.notEqual((await sourceFacts(server)).pid, first?.pid)
})

test('a stop waits for a stream through the graph', async () => {
  await using server = await serveFixture('streams:Front', ['--no-access-log'])
  const items = 400
  const { answer } = await openStream(server.url, 'large', { items, bytes: 100_000 })
  answer.pause()
  await waitUntil(async () => (await sourceFacts(server)).made > 0, { describe: 'the stream to have begun' })
  const code = server.stop()
  const refuses = () =>
    sourceFacts(server).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
    )
  await waitUntil(refuses, { describe: 'the stop' })
  let bytes = 0
  for await (const chunk of answer) bytes += (chunk as Buffer).length
  assert.equal(bytes, items * 100_000)
  assert.equal(await code, 0)
})
