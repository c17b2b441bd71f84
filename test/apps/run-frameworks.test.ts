import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const APP = resolve('test/fixtures/apps/unchanged.mjs')
const FLAGS = ['--port', '0', '--host', '127.0.0.1', '--api-workers', '2', '--log-format', 'json']
const UPLOAD_BYTES = 3_000_000

/** An upload without a length, piece by piece. */
function* pieces(): Generator<Uint8Array> {
  for (let sent = 0; sent < UPLOAD_BYTES; sent += 100_000) yield new Uint8Array(100_000)
}

describe('ekiben run of an app that nobody changed', () => {
  for (const framework of ['express', 'koa', 'nest']) {
    it(`on ${framework}: uploads, streams, clients that leave, and a stop with a request in flight`, async () => {
      await using run = await startServing([EKIBEN, 'run', APP, ...FLAGS, '--', framework], {})
      const says = (what: string) =>
        waitUntil(() => run.stdout().includes(`{"said":"${what}"}`), { describe: () => `${what}:\n${run.stdout()}` })
      const init = { method: 'POST', body: ReadableStream.from(pieces()), duplex: 'half' } as RequestInit
      assert.deepEqual(await (await fetch(`${run.url}/measure`, init)).json(), { bytes: UPLOAD_BYTES })
      const leaving = new AbortController()
      const stream = await fetch(`${run.url}/stream`, { signal: leaving.signal })
      const first = await stream.body?.getReader().read()
      assert.match(new TextDecoder().decode(first?.value), /^1\n/)
      leaving.abort()
      await says('left')
      const answer = fetch(`${run.url}/slow`).then((response) => response.text())
      await says('asked')
      const stopped = run.stop()
      assert.match(await answer, /^slow \d+$/)
      assert.equal(await stopped, 0)
    })
  }
})
