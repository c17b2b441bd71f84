import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Notes extends AsyncDisposable {
  readonly file: string
  lines(): Promise<string[]>
}

async function notes(): Promise<Notes> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-notes-'))
  const file = join(folder, 'notes')
  return {
    file,
    lines: async () => (await readFile(file, 'utf8')).trim().split('\n'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

describe('onStop', () => {
  it('comes after the last call, also one that outlives its answer, with its dependencies still there', async () => {
    await using written = await notes()
    const env = { NOTES: written.file }
    await using server = await serveFixture('stops-in-order:Front', ['--timeout', '0.2'], { env })
    assert.equal((await call(server.url, 'stubborn', { ms: 1_500 })).status, 504)
    assert.equal(await server.stop(), 0)
    assert.deepEqual(await written.lines(), [
      'Front started with pong',
      'stubborn begins',
      'stubborn ends',
      'Front stops with pong',
      'Back stopped',
    ])
  })

  it('that never ends is cut when its worker has had its time, and the exit code says so', async () => {
    await using written = await notes()
    const env = { NOTES: written.file, HANG_ON_STOP: '1' }
    const flags = ['--set', 'Front.drainTimeoutMs=3000', '--set', 'Front.keepAliveDrainMs=0']
    await using server = await serveFixture('stops-in-order:Front', flags, { env })
    assert.equal(await server.stop(), 7)
    assert.deepEqual(await written.lines(), ['Front started with pong', 'Front stops with pong', 'Back stopped'])
    const forced = logLines(server.stdout()).find(({ msg }) => msg === 'had to be cut short')
    assert.match(String(forced?.what), /^Front#0: killed/)
  })

  it('has its time also where those above have used up theirs', async () => {
    await using written = await notes()
    // Of 12 s they get 80 %; without a share of its own it would be killed after half a second.
    const env = { NOTES: written.file, BACK_STOPS_MS: '900' }
    await using server = await serveFixture('stops-in-order:Front', ['--timeout-graceful-shutdown', '12'], { env })
    const stubborn = assert.rejects(call(server.url, 'stubborn', { ms: 60_000 }))
    await waitUntil(async () => (await written.lines()).includes('stubborn begins'), { describe: 'the call' })
    assert.equal(await server.stop(), 7)
    await stubborn
    assert.equal((await written.lines()).at(-1), 'Back stopped')
    const forced = logLines(server.stdout()).filter(({ msg }) => msg === 'had to be cut short')
    for (const { what } of forced) assert.match(String(what), /^Front#0: /)
  })
})
