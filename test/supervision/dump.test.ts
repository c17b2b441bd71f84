import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { dumpWorker } from '../../packages/core/build/supervisor/dump-worker.js'
import { type LoneWorker, startLoneWorker } from '../helpers/lone-worker.js'
import { waitUntil } from '../helpers/wait-until.js'

async function readDump(path: string) {
  return JSON.parse(await readFile(path, 'utf8'))
}

/** A dump with something from inside: the watch thread starts a moment after its worker is ready. */
function fullDump(
  { worker, folder }: LoneWorker,
  wanted: (content: { stack: string[]; calls: unknown[] }) => boolean = () => true,
) {
  return waitUntil(
    async () => {
      const dump = await dumpWorker(worker, folder)
      const content = await readDump(dump.path)
      return content.stack !== null && wanted(content) ? { ...dump, content } : undefined
    },
    { describe: 'a dump from inside' },
  )
}

const isSpinning = ({ stack }: { stack: string[] }) => stack.some((frame) => frame.startsWith('spinFor '))

describe('a dump of a worker', () => {
  it('shows calls in flight, handles and memory of one that waits', async () => {
    await using lone = await startLoneWorker('wedges', 'Wedges')
    lone.call('hold', {}, 'held-1').catch(() => {})
    // Asked on a way of its own, it may be dumped before the call has come.
    const { path, content } = await fullDump(lone, ({ calls, stack }) => calls.length > 0 && stack.length === 0)
    const [call] = content.calls
    assert.deepEqual({ api: call.api, requestId: call.requestId }, { api: 'hold', requestId: 'held-1' })
    assert.equal(typeof call.ageMs, 'number')
    assert.ok(content.handles.PipeWrap >= 1, JSON.stringify(content.handles))
    assert.ok(content.memory.rss > 0)
    assert.ok(content.heap.heap_size_limit > 0)
    assert.equal(content.process.isStopped, false)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700)
  })

  it('shows where one spins, again and again, and leaves it as it was', async () => {
    await using lone = await startLoneWorker('wedges', 'Wedges')
    await fullDump(lone)
    const until = join(lone.folder, 'enough')
    const spun = lone.call('spin', { until }, 'spun-1')
    const first = await fullDump(lone, isSpinning)
    assert.match(String(first.top), /^spinFor .* < Wedges\.spin /)
    assert.equal(first.content.calls[0].requestId, 'spun-1')
    const second = await fullDump(lone, isSpinning)
    assert.notEqual(second.path, first.path)
    await writeFile(until, '')
    assert.deepEqual(await spun, { pid: lone.worker.pid })
    assert.equal(lone.worker.lastOutput, '')
  })

  it('says what is to be seen from outside when the worker is stopped', async () => {
    await using lone = await startLoneWorker('wedges', 'Wedges')
    process.kill(Number(lone.worker.pid), 'SIGSTOP')
    // It goes on only afterwards.
    const { path, note } = await dumpWorker(lone.worker, lone.folder)
    assert.match(String(note), /stopped by a signal/)
    const content = await readDump(path)
    assert.equal(content.stack, null)
    assert.equal(content.process.isStopped, true)
    assert.ok(content.process.descriptors > 0)
    process.kill(Number(lone.worker.pid), 'SIGCONT')
  })

  it('says so when native code cannot be interrupted', async () => {
    await using lone = await startLoneWorker('wedges', 'Wedges')
    await fullDump(lone)
    lone.call('compute', { rounds: 8_000_000 }, 'native-1').catch(() => {})
    let note: string | undefined
    await waitUntil(
      async () => {
        note = (await dumpWorker(lone.worker, lone.folder)).note
        return /did not answer within 500 ms.*running/.test(note ?? '')
      },
      { describe: () => `a dump with nothing from inside, not: ${note}` },
    )
  })

  it('is one of the last twenty', async () => {
    await using lone = await startLoneWorker('wedges', 'Wedges')
    await fullDump(lone)
    const paths: string[] = []
    for (let count = 0; count < 22; count++) paths.push((await dumpWorker(lone.worker, lone.folder)).path)
    const kept = await readdir(join(lone.folder, 'dumps'))
    assert.equal(kept.length, 20)
    assert.ok(!kept.some((name) => paths[0]?.endsWith(name)))
    assert.ok(kept.some((name) => paths.at(-1)?.endsWith(name)))
  })

  it('fails with a code when it cannot be written', async () => {
    await using lone = await startLoneWorker('wedges', 'Wedges')
    await assert.rejects(dumpWorker(lone.worker, '/proc/none'), { code: 'EKB_ERR_DUMP_FAILED' })
  })
})
