import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { assertNoLeftovers } from '../helpers/no-leftovers.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Family {
  readonly worker: number
  readonly threadId: number
  readonly children: readonly number[]
}

const family = async (server: ServingCommand): Promise<Family> => (await call<Family>(server.url, 'pids')).body

function untilGone(pids: readonly number[]): Promise<unknown> {
  return waitUntil(
    async () => {
      const left = (await readdir('/proc')).filter((name) => pids.includes(Number(name)))
      return left.length === 0 || Promise.reject(new Error(`still there: ${left}`))
    },
    { describe: 'worker and children to be gone' },
  )
}

/** One that nobody has collected yet runs no more. */
const runs = async (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/status`, 'utf8').then(
    (status) => /^State:\s+[^ZX]/m.test(status),
    () => false,
  )

describe('what a worker has started', () => {
  for (const how of ['exit', 'throw', 'abort']) {
    it(`ends with it when it ends by ${how}`, async () => {
      await using server = await serveFixture('grandchildren:Parent')
      const { worker, children } = await family(server)
      await call(server.url, 'end', { how }).catch(() => {})
      await untilGone([worker, ...children])
      // The next one serves, and its children are its own.
      assert.notEqual((await family(server)).worker, worker)
      assert.equal(await server.stop(), 0)
    })
  }

  for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGQUIT'] as const) {
    it(`ends with it when it gets ${signal}`, async () => {
      await using server = await serveFixture('grandchildren:Parent')
      const { worker, children } = await family(server)
      process.kill(worker, signal)
      await untilGone([worker, ...children])
      assert.equal(await server.stop(), 0)
    })
  }

  it('does not end with it where it is a thread, but with its host process', async () => {
    await using server = await serveFixture('grandchildren:Parent', ['--threaded', '--api-workers', '2'])
    const threads = new Set<number>()
    const children: number[] = []
    const { worker } = await waitUntil(async () => {
      const found = await family(server)
      threads.add(found.threadId)
      children.push(...found.children)
      return threads.size === 2 && found
    })
    await call(server.url, 'end', { how: 'exit' }).catch(() => {})
    await waitUntil(() => logLines(server.stdout()).some(({ msg }) => msg === 'worker died'))
    // The one that takes its place is of the same process.
    await waitUntil(async () => {
      const found = await family(server)
      children.push(...found.children)
      return !threads.has(found.threadId) && found.worker === worker
    })
    assert.deepEqual(
      await Promise.all(children.map(runs)),
      children.map(() => true),
    )
    process.kill(worker, 'SIGKILL')
    await untilGone([worker, ...children])
    assert.notEqual((await family(server)).worker, worker)
    assert.equal(await server.stop(), 0)
  })

  it('ends with a stop', async () => {
    await using server = await serveFixture('grandchildren:Parent')
    const { worker, children } = await family(server)
    assert.equal(await server.stop(), 0)
    await untilGone([worker, ...children])
    await assertNoLeftovers({ mark: server.mark })
  })
})
