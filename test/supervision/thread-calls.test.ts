/** What crosses from thread to thread: the same as from process to process, at no other pace. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, test } from 'node:test'
import { callsThroughTheGraph } from '../helpers/graph-calls.js'
import {
  allItems,
  openStream,
  type StreamFailure,
  sourceFacts,
  streamsThroughTheGraph,
} from '../helpers/graph-streams.js'
import { projectFolder } from '../helpers/project-folder.js'
import { call, serveFixture } from '../helpers/serve-fixture.js'

const MEBIBYTE = 1024 * 1024

/** Of Front alone by its own declaration, which would have a host process of its own. */
const COLLECTED = ['Middle', 'Source'].flatMap((name) => ['--set', `${name}.nodeArgs=["--expose-gc"]`])
const STREAMS = ['--threaded', ...COLLECTED]

callsThroughTheGraph('from thread to thread', ['--threaded'])
streamsThroughTheGraph('from thread to thread', STREAMS)

test('a thread that ends in the middle of a stream: its readers hear of it, and no end is feigned', async () => {
  await using server = await serveFixture('streams:Front', ['--no-access-log', ...STREAMS])
  const stream = await openStream(server.url, 'count', { to: 3, gate: 'never' })
  const first = await stream.next()
  await call(server.url, 'exit')
  const [failure] = (await allItems(stream)) as unknown as StreamFailure[]
  assert.equal(failure?.code, 'EKB_ERR_WORKER_LOST')
  const { pid, worker } = await sourceFacts(server)
  assert.equal(pid, first?.pid)
  assert.notEqual(worker, first?.worker)
})

describe('a thread that calls another', () => {
  it('is sent no more answers than it reads, and sends no more than is read', async () => {
    await using folder = await projectFolder({})
    await using server = await serveFixture('thread-calls:Front', ['--threaded', '--no-access-log'])
    const path = (name: string) => join(folder.path, name)
    const asked = { calls: 400, bytes: MEBIBYTE }
    const answered = await call<{ made: number; whole: number }>(server.url, 'askAndBlock', {
      ...asked,
      path: path('answers'),
    })
    assert.equal(answered.body.whole, asked.calls)
    assert.ok(answered.body.made < asked.calls / 4, `${answered.body.made} were made though nobody read`)
    const sent = await call<{ grown: number; taken: number }>(server.url, 'sendToBlocked', {
      ...asked,
      path: path('sent'),
    })
    assert.equal(sent.body.taken, asked.calls * MEBIBYTE)
    assert.ok(sent.body.grown < 100 * MEBIBYTE, `${sent.body.grown} bytes wait for who does not read`)
    assert.equal(await server.stop(), 0)
  })

  it('is told when that one ends, and calls another where it may', async () => {
    await using folder = await projectFolder({})
    await using server = await serveFixture('thread-calls:Front', ['--threaded', '--workers', 'Back=2'])
    const path = (name: string) => join(folder.path, name)
    const lost = await call<StreamFailure>(server.url, 'perish', { path: path('perished') })
    assert.deepEqual([lost.status, lost.body.code], [503, 'EKB_ERR_WORKER_LOST'])
    const again = await call<{ pid: number; threadId: number }>(server.url, 'survive', { path: path('survived') })
    assert.equal(again.status, 200)
    const { pid } = (await call<{ pid: number }>(server.url, 'where')).body
    assert.equal(again.body.pid, pid)
    assert.ok(again.body.threadId > 0)
    assert.equal(await server.stop(), 0)
  })
})
