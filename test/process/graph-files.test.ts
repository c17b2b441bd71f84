import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { testService } from '@ekiben/core/testing'
import { recordingLog } from '../helpers/http-host.js'
import { SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const KIB = 1024

/** The services somewhere, as their clients see them. */
interface Place extends AsyncDisposable {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>
  /** Files that are kept for requests. */
  readonly kept: () => Promise<string[]>
}

interface Facts {
  readonly calls: number
  readonly held: number
  readonly ended: readonly string[]
}

/** Each service in processes of its own. */
async function inPools(): Promise<Place & { readonly url: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-files-'))
  const server = await serveFixture('files:Front', ['--no-access-log'], { env: { TMPDIR: folder } })
  return {
    url: server.url,
    fetch: (path, init) => fetch(server.url + path, init),
    kept: () => filesOf(folder, 'ekiben-uploads-'),
    async [Symbol.asyncDispose]() {
      assert.equal(await server.stop(), 0)
      await server[Symbol.asyncDispose]()
      assert.deepEqual(await readdir(folder), [])
      await rm(folder, { recursive: true })
    },
  }
}

/** All of them in this one. */
async function inOneProcess(): Promise<Place> {
  const { Front } = await import(`${SERVICES}files.mjs`)
  // What is wrong on purpose is not shown.
  const tested = await testService(Front, { log: recordingLog([]) })
  return {
    fetch: tested.fetch,
    kept: () => filesOf(tmpdir(), `ekiben-uploads-${process.pid}-`),
    [Symbol.asyncDispose]: tested.close,
  }
}

async function filesOf(folder: string, prefix: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(prefix))
  return (await Promise.all(names.map((name) => readdir(join(folder, name))))).flat()
}

function formOf(fields: Record<string, string | File | readonly File[]>): FormData {
  const form = new FormData()
  for (const [name, values] of Object.entries(fields)) {
    for (const value of [values].flat() as (string | File)[]) form.append(name, value as string)
  }
  return form
}

const json = (input: unknown): RequestInit => ({
  body: JSON.stringify(input),
  headers: { 'content-type': 'application/json' },
})

async function post<T>(place: Place, path: string, init: RequestInit | FormData): Promise<T> {
  const response = await place.fetch(path, { method: 'POST', ...(init instanceof FormData ? { body: init } : init) })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text) as T
}

const NAME = 'Größe 日本 1.png'
const TYPE = 'image/png'

/** A file none of whose pieces is like another. */
function fileOf(size: number, name = NAME, type = TYPE): File {
  const words = new Uint32Array(Math.ceil(size / 4)).map((_, at) => Math.imul(at + 1, 2654435761))
  return new File([new Uint8Array(words.buffer, 0, size)], name, { type })
}

async function described(file: Blob): Promise<Record<string, unknown>> {
  const sha256 = createHash('sha256')
    .update(new Uint8Array(await file.arrayBuffer()))
    .digest('hex')
  const { name } = file as { name?: string }
  const kind = name === undefined ? 'Blob' : 'File'
  return { kind, ...(name !== undefined && { name }), type: file.type, size: file.size, sha256 }
}

const SIZES = [
  ['an empty one', 0],
  ['a small one', 1001],
  ['one that just stays in memory', 256 * KIB],
  ['one that is kept on disk', 700 * KIB + 3],
  ['a large one', 12 * KIB * KIB],
] as const

for (const [where, open] of [['in pools', inPools] as const, ['in one process', inOneProcess] as const]) {
  describe(`a file through the graph ${where}`, () => {
    let place: Place
    before(async () => {
      place = await open()
    })
    after(() => place[Symbol.asyncDispose]())

    for (const [what, size] of SIZES) {
      test(`${what} reaches a service two calls away as it was sent, and nothing is kept`, async () => {
        const file = fileOf(size)
        const { input, pid, via } = await post<{ input: unknown; pid: number; via: number }>(
          place,
          '/one',
          formOf({ file, note: '5' }),
        )
        assert.deepEqual(input, { file: await described(file), note: '5' })
        assert.equal(pid !== via, where === 'in pools')
        await waitUntil(async () => (await place.kept()).length === 0)
      })

      test(`${what} comes back from there as a file`, async () => {
        const file = fileOf(size)
        const answer = await place.fetch('/back', { method: 'POST', body: formOf({ file }) })
        const { headers } = answer
        assert.deepEqual([headers.get('content-type'), headers.get('content-length')], [TYPE, String(size)])
        assert.match(String(headers.get('content-disposition')), /^inline; .*filename\*=UTF-8''Gr%C3%B6%C3%9Fe/)
        const bytes = Buffer.from(await answer.arrayBuffer())
        assert.ok(bytes.equals(Buffer.from(await file.arrayBuffer())), `${bytes.length} bytes came`)
      })
    }

    test('may be the whole body', async () => {
      const file = fileOf(300 * KIB)
      const answer = await place.fetch('/whole', { method: 'POST', body: file, headers: { 'content-type': TYPE } })
      assert.equal(answer.headers.get('content-type'), TYPE)
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(await file.arrayBuffer())))
      await waitUntil(async () => (await place.kept()).length === 0)
    })

    test('is a file answer where it is made two calls away', async () => {
      const answer = await place.fetch('/make', {
        method: 'POST',
        ...json({ size: 400 * KIB, name: 'made.bin', type: 'x/made' }),
      })
      const { headers } = answer
      assert.deepEqual(
        [headers.get('content-type'), headers.get('content-disposition')],
        ['x/made', 'attachment; filename="made.bin"'],
      )
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(Buffer.alloc(400 * KIB, 7)))
    })

    test('is one of a list, in memory or on disk, in its order', async () => {
      const files = [10, 300 * KIB, 0, 400 * KIB].map((size, at) => fileOf(size, `${at}.png`))
      const form = formOf({ files, note: '{"n":1}' })
      assert.deepEqual(await post(place, '/many', form), {
        files: await Promise.all(files.map(described)),
        note: { n: 1 },
      })
      await waitUntil(async () => (await place.kept()).length === 0)
    })

    test('stands anywhere in a value, more than once, and so do pieces of it', async () => {
      const file = fileOf(300 * KIB)
      const [whole, piece] = [await described(file), await described(file.slice(0, 3, 'x/slice'))]
      const expected = {
        list: [whole, [{ file: whole }]],
        map: { map: [['key', { file: whole }]] },
        set: { set: [piece] },
        bytes: [piece],
      }
      const { there, back } = await post<{ there: unknown; back: unknown }>(place, '/nested', formOf({ file }))
      assert.deepEqual(there, expected)
      assert.deepEqual(back, expected)
    })

    test('is gone when its client leaves while it is worked on, and the work is told', async () => {
      const leaving = new AbortController()
      const size = 600 * KIB + (where === 'in pools' ? 1 : 2)
      const init = { method: 'POST', body: formOf({ file: fileOf(size) }), signal: leaving.signal }
      const lost = assert.rejects(place.fetch('/hold', init))
      const facts = () => post<Facts>(place, '/facts', {})
      await waitUntil(async () => (await facts()).held === size)
      const { length } = (await facts()).ended
      assert.equal((await place.kept()).length, 1)
      leaving.abort()
      await lost
      await waitUntil(async () => (await facts()).ended.length > length)
      assert.equal((await facts()).ended.at(-1), 'EKB_ERR_ABORTED')
      await waitUntil(async () => (await place.kept()).length === 0)
    })

    test('cannot be sent when its request is over, and the caller is told what to do', async () => {
      await post(place, '/later', formOf({ file: fileOf(500 * KIB) }))
      await waitUntil(async () => (await place.kept()).length === 0)
      const outcome = await (await place.fetch('/outcome', { method: 'POST' })).text()
      assert.match(outcome, /^EKB_ERR_FILE_UNREADABLE: Cannot send the file 'Größe 日本 1\.png' of 512000 bytes: /)
    })

    test('that is gone at the service that returns it is an error of that service', async () => {
      const answer = await place.fetch('/gone', { method: 'POST' })
      const { code } = (await answer.json()) as { code: string }
      assert.deepEqual([answer.status, code], [500, 'EKB_ERR_FILE_UNREADABLE'])
    })
  })
}

describe('a file through the graph', () => {
  test('goes to another worker when the first one dies with it', async () => {
    await using place = await inPools()
    const folder = await mkdtemp(join(tmpdir(), 'ekb-mark-'))
    try {
      const file = fileOf(700 * KIB)
      const form = formOf({ file, mark: join(folder, 'mark') })
      assert.deepEqual(await post(place, '/dieOnce', form), await described(file))
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('is gone, and no service is called, when its client leaves while it is sent', async () => {
    await using place = await inPools()
    const { port } = new URL(place.url)
    const socket = createConnection({ port: Number(port), host: '127.0.0.1' })
    await once(socket, 'connect')
    const head = ['POST /one HTTP/1.1', 'host: test', 'content-type: multipart/form-data; boundary=b']
    socket.write(`${[...head, `content-length: ${4 * KIB * KIB}`].join('\r\n')}\r\n\r\n`)
    socket.write('--b\r\ncontent-disposition: form-data; name="file"; filename="half.bin"\r\n\r\n')
    socket.write(Buffer.alloc(KIB * KIB))
    await waitUntil(async () => (await place.kept()).length === 1)
    socket.destroy()
    await waitUntil(async () => (await place.kept()).length === 0)
    assert.equal((await post<Facts>(place, '/facts', {})).calls, 0)
  })
})
