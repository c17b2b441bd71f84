import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const LARGE = new Uint8Array(700 * 1024)

describe('uploads on disk', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ekb-uploads-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const serve = () => serveFixture('holds-uploads:Keeper', ['--no-access-log'], { env: { TMPDIR: folder } })
  const upload = (url: string): Promise<Response> => {
    const body = new FormData()
    body.append('file', new File([LARGE], 'large.bin'))
    return fetch(`${url}/hold`, { method: 'POST', body })
  }
  const spools = async () => (await readdir(folder)).filter((name) => name.startsWith('ekiben-uploads-'))
  const files = async () => (await Promise.all((await spools()).map((name) => readdir(join(folder, name))))).flat()

  it('are read to the end of a stop, and gone after it', async () => {
    await using server = await serve()
    const answer = upload(server.url)
    await waitUntil(async () => (await files()).length === 1)
    assert.equal(await server.stop(), 0)
    assert.equal(((await (await answer).json()) as { size: number }).size, LARGE.length)
    assert.deepEqual(await spools(), [])
  })

  it('of a killed worker are removed by the next', async () => {
    await using server = await serve()
    const lost = assert.rejects(upload(server.url))
    await waitUntil(async () => (await files()).length === 1)
    const [name = ''] = await spools()
    process.kill(Number(/^ekiben-uploads-(\d+)-/.exec(name)?.[1]), 'SIGKILL')
    await lost
    await waitUntil(async () => (await spools()).length === 0, { describe: () => server.stdout() + server.stderr() })
    assert.equal(await server.stop(), 0)
  })
})

describe('a stream', () => {
  it('is told of a stop, and goes on to its end', async () => {
    await using server = await serveFixture('holds-uploads:Keeper', ['--no-access-log'])
    const answer = await fetch(`${server.url}/ticks`, { method: 'POST' })
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    const { value } = await reader.read()
    assert.match(Buffer.from(value as Uint8Array).toString(), /^\{"pid":\d+\}\n$/)
    const stopped = server.stop()
    const rest = await reader.read()
    assert.equal(Buffer.from(rest.value as Uint8Array).toString(), '{"last":true}\n')
    assert.equal((await reader.read()).done, true)
    assert.equal(await stopped, 0)
  })
})
