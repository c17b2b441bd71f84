import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { z } from 'zod'
import type { CallContext } from '../../packages/core/build/service/call-context.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { deferred } from '../../packages/core/build/util/deferred.js'
import { type ErrorAnswer, post, rawClient, startHost } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

const KIB = 1024
/** More than stays in memory. */
const LARGE = Buffer.alloc(700 * KIB, 'ekiben')

interface Described {
  readonly name: string
  readonly type: string
  readonly size: number
  readonly head: string
}

async function describeFile(file: File): Promise<Described> {
  const text = await file.text()
  return { name: file.name, type: file.type, size: file.size, head: text.slice(0, 10) }
}

const held: { file: File; ctx: CallContext; release: () => void }[] = []

const Api = defineService(
  class Api {
    async image({ image, count, tag }: { image: File; count: number; tag?: string | undefined }) {
      return { ...(await describeFile(image)), count, tag }
    }
    async images({ images }: { images: File[] }) {
      return Promise.all(images.map(describeFile))
    }
    async plain(input: Record<string, unknown>) {
      const entries = Object.entries(input)
      return Object.fromEntries(
        await Promise.all(
          entries.map(async ([name, value]) => [name, value instanceof File ? await describeFile(value) : value]),
        ),
      )
    }
    async schema({ file }: { file: File }) {
      return describeFile(file)
    }
    async whole(file: File) {
      return describeFile(file)
    }
    back({ file }: { file: File }) {
      return file
    }
    async hold({ file }: { file: File }, ctx: CallContext) {
      const { promise, resolve } = deferred()
      held.push({ file, ctx, release: resolve })
      await promise
      return { size: file.size }
    }
    async fails({ file }: { file: File }) {
      throw new Error(`cannot read ${file.name}`)
    }
  },
  {
    apis: {
      image: { input: z.object({ image: z.file(), count: z.number().default(1), tag: z.string().optional() }) },
      images: { input: z.object({ images: z.array(z.file()) }) },
      plain: {},
      schema: {
        input: {
          type: 'object',
          properties: { file: { type: 'string', format: 'binary' }, name: { type: 'string' } },
          required: ['file'],
        },
      },
      whole: { input: z.file(), bodyLimit: '2M' },
      back: { input: z.object({ file: z.file() }) },
      hold: { input: z.object({ file: z.file() }) },
      fails: { input: z.object({ file: z.file() }), bodyLimit: '1M' },
    },
  },
)

/** Files on disk that this process keeps for requests. */
async function kept(): Promise<string[]> {
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(`ekiben-uploads-${process.pid}-`))
  const names = await Promise.all(folders.map((name) => readdir(join(tmpdir(), name))))
  return names.flat()
}

/** How many files of uploads this process has open; where /proc does not tell, none are seen. */
function openUploads(): number {
  if (process.platform !== 'linux') return 0
  const targets = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      // The one that was opened to list them.
      return ''
    }
  })
  return targets.filter((target) => target.includes(`ekiben-uploads-${process.pid}-`)).length
}

async function send(url: string, form: FormData): Promise<{ status: number; json: () => ErrorAnswer; text: string }> {
  const response = await fetch(url, { method: 'POST', body: form })
  const text = await response.text()
  return { status: response.status, text, json: () => JSON.parse(text) as ErrorAnswer }
}

function formOf(fields: Record<string, string | Blob | readonly (string | Blob)[]>): FormData {
  const form = new FormData()
  for (const [name, values] of Object.entries(fields)) {
    for (const value of [values].flat() as (string | Blob)[]) form.append(name, value as string)
  }
  return form
}

describe('a multipart body', () => {
  test('gives files and fields', async () => {
    await using host = await startHost(Api)
    const image = new File(['png!'], 'cat.png', { type: 'image/png' })
    const { status, text } = await send(`${host.url}/image`, formOf({ image, count: '3', tag: '5' }))
    assert.equal(status, 200, text)
    assert.deepEqual(JSON.parse(text), {
      name: 'cat.png',
      type: 'image/png',
      size: 4,
      head: 'png!',
      count: 3,
      tag: '5',
    })
  })

  test('may have one file or many where the schema asks for a list', async () => {
    await using host = await startHost(Api)
    const [first, second] = [new File(['1'], 'a.txt'), new File(['2'], 'b.txt')] as const
    const one = await send(`${host.url}/images`, formOf({ images: first }))
    const two = await send(`${host.url}/images`, formOf({ images: [first, second] }))
    const names = (text: string) => (JSON.parse(text) as Described[]).map(({ name }) => name)
    assert.deepEqual([names(one.text), names(two.text)], [['a.txt'], ['a.txt', 'b.txt']])
  })

  test('needs no schema', async () => {
    await using host = await startHost(Api)
    const sent = formOf({
      file: new File(['x'], 'x.json', { type: 'application/json' }),
      a: ['1', 'two'],
      b: '{"c":[]}',
    })
    const { text } = await send(`${host.url}/plain`, sent)
    const file = { name: 'x.json', type: 'application/json', size: 1, head: 'x' }
    assert.deepEqual(JSON.parse(text), { file, a: [1, 'two'], b: { c: [] } })
    assert.deepEqual(JSON.parse((await send(`${host.url}/plain`, new FormData())).text), {})
  })

  test('is checked by a plain JSON Schema too', async () => {
    await using host = await startHost(Api)
    const good = await send(`${host.url}/schema`, formOf({ file: new File(['x'], 'x') }))
    assert.equal(good.status, 200, good.text)
    const missing = await send(`${host.url}/schema`, formOf({ name: 'x' }))
    assert.deepEqual([missing.status, missing.json().code], [400, 'EKB_ERR_VALIDATION'])
    const asText = await post(`${host.url}/schema`, { file: 'http://127.0.0.1/x.png' })
    assert.deepEqual([asText.status, asText.json().detail], [400, [{ path: ['file'], message: 'must be a file' }]])
  })

  test('has JSON where a part says so', async () => {
    await using host = await startHost(Api)
    const count = new Blob(['7'], { type: 'application/json' })
    const { text } = await send(`${host.url}/image`, formOf({ image: new File(['x'], 'x'), count }))
    assert.equal((JSON.parse(text) as { count: number }).count, 7)
  })

  test('arrives in small pieces as well', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    const body = multipart([`content-disposition: form-data; name="a"\r\n\r\n${'e'.repeat(20)}`])
    const [head, rest] = [headOf('/plain', body.length), body]
    client.write(head)
    for (const byte of rest) client.socket.write(Buffer.from([byte]))
    const [answer = ''] = await client.answers(1)
    assert.match(answer, /^HTTP\/1\.1 200[\s\S]*e{20}/)
  })
})

const BOUNDARY = 'frontier'

function multipart(parts: readonly (string | Buffer)[], end = `--${BOUNDARY}--\r\n`): Buffer {
  const pieces = parts.flatMap((part) => [Buffer.from(`--${BOUNDARY}\r\n`), Buffer.from(part), Buffer.from('\r\n')])
  return Buffer.concat([...pieces, Buffer.from(end)])
}

function headOf(path: string, length: number, type = `multipart/form-data; boundary=${BOUNDARY}`): string {
  return [`POST ${path} HTTP/1.1`, 'host: test', `content-type: ${type}`, `content-length: ${length}`, '\r\n'].join(
    '\r\n',
  )
}

const field = (name: string, value: string) => `content-disposition: form-data; name="${name}"\r\n\r\n${value}`
const filePart = (name: string, fileName: string, value: string | Buffer, more = '') =>
  Buffer.concat([
    Buffer.from(`content-disposition: form-data; name="${name}"; filename="${fileName}"\r\n${more}\r\n`),
    Buffer.from(value),
  ])

describe('a file name', () => {
  const names: readonly [sent: string, expected: string][] = [
    ['../../etc/passwd', 'passwd'],
    ['C:\\\\Windows\\\\win.ini', 'win.ini'],
    ['/tmp/a.txt', 'a.txt'],
    ['grüße.txt', 'grüße.txt'],
    ['..', 'file'],
  ]
  for (const [sent, expected] of names) {
    test(`'${sent}' is ${expected}`, async () => {
      await using host = await startHost(Api)
      const body = multipart([filePart('file', sent, 'x')])
      const { text } = await post(`${host.url}/plain`, body, {
        'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      })
      assert.equal((JSON.parse(text) as { file: Described }).file.name, expected, text)
    })
  }

  test('that is empty, with nothing in the file, is no file', async () => {
    await using host = await startHost(Api)
    const body = multipart([filePart('file', '', '', 'content-type: application/octet-stream\r\n')])
    const type = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
    assert.equal((await post(`${host.url}/plain`, body, type)).text, '{}')
  })
})

describe('a multipart body is refused', () => {
  const large = filePart('file', 'x.bin', LARGE)
  const cases: readonly [
    name: string,
    path: string,
    body: Buffer,
    expected: [number, string, RegExp],
    type?: string,
  ][] = [
    ['cut in a part', '/fails', multipart([large], ''), [400, 'EKB_ERR_BODY_INVALID', /multipart/]],
    ['without its end', '/plain', multipart([field('a', '1')], ''), [400, 'EKB_ERR_BODY_INVALID', /multipart/]],
    ['empty', '/plain', Buffer.alloc(0), [400, 'EKB_ERR_BODY_INVALID', /multipart/]],
    [
      'with another boundary',
      '/plain',
      multipart([field('a', '1')]),
      [400, 'EKB_ERR_BODY_INVALID', /multipart/],
      'multipart/form-data; boundary=other',
    ],
    [
      'with no boundary',
      '/plain',
      multipart([field('a', '1')]),
      [400, 'EKB_ERR_BODY_INVALID', /[Bb]oundary/],
      'multipart/form-data',
    ],
    [
      'of too many parts',
      '/plain',
      multipart(Array.from({ length: 1001 }, (_, index) => field(`a${index}`, '1'))),
      [400, 'EKB_ERR_BODY_INVALID', /1000 parts/],
    ],
    ['too large', '/fails', multipart([large, large]), [413, 'EKB_ERR_BODY_TOO_LARGE', /1048576 bytes/]],
    [
      'with a key that reaches the prototype',
      '/plain',
      multipart([field('__proto__', '{"a":1}')]),
      [400, 'EKB_ERR_BODY_INVALID', /__proto__/],
    ],
    [
      'with text that is no UTF-8',
      '/plain',
      multipart([Buffer.concat([Buffer.from(field('a', '')), Buffer.from([0xff, 0xfe])])]),
      [400, 'EKB_ERR_BODY_INVALID', /UTF-8/],
    ],
    [
      'with a URL where a file belongs',
      '/image',
      multipart([field('image', 'http://127.0.0.1:1/x.png')]),
      [400, 'EKB_ERR_BODY_INVALID', /'image' must be a file.*not fetched/],
    ],
    [
      'with a field twice that is one value',
      '/image',
      multipart([filePart('image', 'a', 'a'), filePart('image', 'b', 'b')]),
      [400, 'EKB_ERR_VALIDATION', /image/],
    ],
    [
      'with a part in base64',
      '/plain',
      multipart([filePart('file', 'a', 'YQ==', 'content-transfer-encoding: base64\r\n')]),
      [400, 'EKB_ERR_BODY_INVALID', /base64/],
    ],
    [
      'where the whole body is the file',
      '/whole',
      multipart([filePart('file', 'a', 'a')]),
      [415, 'EKB_ERR_MEDIA_TYPE', /whole body/],
    ],
    [
      'with a part that has no name',
      '/plain',
      multipart(['content-type: text/plain\r\n\r\nlost']),
      [400, 'EKB_ERR_BODY_INVALID', /name/],
    ],
    [
      'with a part whose head is too large',
      '/plain',
      multipart([`x-filler: ${'x'.repeat(20 * KIB)}\r\n${field('a', '1')}`]),
      [400, 'EKB_ERR_BODY_INVALID', /head/],
    ],
  ]
  for (const [name, path, body, [status, code, message], type = `multipart/form-data; boundary=${BOUNDARY}`] of cases) {
    test(`${name}, and nothing is kept`, async () => {
      await using host = await startHost(Api)
      const answer = await post(`${host.url}${path}`, body, { 'content-type': type })
      assert.deepEqual([answer.status, answer.json().code], [status, code], answer.text)
      assert.match(answer.json().error, message)
      await waitUntil(async () => (await kept()).length === 0)
    })
  }

  test('and its connection serves on', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    const refused = multipart([Buffer.concat([Buffer.from(field('a', '')), Buffer.from([0xff])]), large])
    client.write(headOf('/plain', refused.length))
    client.socket.write(refused)
    const good = multipart([field('a', '1')])
    client.write(headOf('/plain', good.length))
    client.socket.write(good)
    const [first = '', second = ''] = await client.answers(2)
    assert.match(first, /^HTTP\/1\.1 400/)
    assert.match(second, /^HTTP\/1\.1 200[\s\S]*\{"a":1\}$/)
  })
})

describe('a large file', () => {
  const form = () => formOf({ file: new File([LARGE], 'large.bin', { type: 'x/y' }) })

  test('is on disk while its request runs, in a private folder, and gone after it', async () => {
    await using host = await startHost(Api)
    const answer = send(`${host.url}/hold`, form())
    const { file, release } = await waitUntil(() => held.pop())
    const names = await kept()
    assert.equal(names.length, 1)
    const [folder = ''] = (await readdir(tmpdir())).filter((name) => name.startsWith(`ekiben-uploads-${process.pid}-`))
    assert.equal((await stat(join(tmpdir(), folder))).mode & 0o777, 0o700)
    assert.deepEqual(Buffer.from(await file.arrayBuffer()), LARGE)
    assert.equal(await file.slice(6, 12).text(), 'ekiben')
    release()
    assert.equal((await answer).status, 200)
    await waitUntil(async () => (await kept()).length === 0)
    await assert.rejects(file.text())
  })

  test('is gone when the api throws', async () => {
    await using host = await startHost(Api)
    assert.equal((await send(`${host.url}/fails`, form())).status, 500)
    await waitUntil(async () => (await kept()).length === 0)
  })

  test('is gone when its time is up', async () => {
    await using host = await startHost(Api, { timeoutMs: 50 })
    assert.equal((await send(`${host.url}/hold`, form())).status, 504)
    await waitUntil(async () => (await kept()).length === 0)
    ;(await waitUntil(() => held.pop())).release()
  })

  test('is gone when its client has left', async () => {
    await using host = await startHost(Api)
    const leaving = new AbortController()
    const answer = fetch(`${host.url}/hold`, { method: 'POST', body: form(), signal: leaving.signal })
    const { ctx, release } = await waitUntil(() => held.pop())
    leaving.abort()
    await assert.rejects(answer)
    await waitUntil(() => ctx.signal.aborted)
    await waitUntil(async () => (await kept()).length === 0)
    release()
  })

  test('is gone when its client leaves in the middle of sending it', async () => {
    await using host = await startHost(Api)
    const socket = createConnection({ port: host.port, host: '127.0.0.1' })
    await once(socket, 'connect')
    const body = multipart([filePart('file', 'x', LARGE)], '')
    socket.write(headOf('/hold', body.length * 2))
    socket.write(body)
    await waitUntil(async () => (await kept()).length === 1)
    socket.destroy()
    await waitUntil(async () => (await kept()).length === 0)
    assert.equal(host.runner.inFlight, 0)
  })

  test('is gone when its client is too slow', async () => {
    const receive = { headersTimeoutMs: 200, requestTimeoutMs: 400, checkIntervalMs: 20 }
    await using host = await startHost(Api, { receive })
    await using client = await rawClient(host.port)
    const body = multipart([filePart('file', 'x', LARGE)], '')
    client.write(headOf('/hold', body.length * 2))
    client.socket.write(body)
    const [answer = ''] = await client.answers(1)
    assert.match(answer, /^HTTP\/1\.1 408[\s\S]*EKB_ERR_HTTP_SLOW_REQUEST/)
    await client.closed()
    await waitUntil(async () => (await kept()).length === 0)
    await waitUntil(() => openUploads() === 0, { describe: () => `its file to be closed: ${openUploads()} open` })
    assert.equal(host.runner.inFlight, 0)
  })

  test('may be the whole body', async () => {
    await using host = await startHost(Api)
    const { text } = await post(`${host.url}/whole`, LARGE, { 'content-type': 'Image/PNG' })
    assert.deepEqual(JSON.parse(text), { name: 'body', type: 'image/png', size: LARGE.length, head: 'ekibenekib' })
    await waitUntil(async () => (await kept()).length === 0)
    const tooLarge = await post(`${host.url}/whole`, Buffer.alloc(3 * KIB * KIB), {})
    assert.equal(tooLarge.json().code, 'EKB_ERR_BODY_TOO_LARGE')
  })

  test('is sent back as it came', async () => {
    await using host = await startHost(Api)
    const response = await fetch(`${host.url}/back`, { method: 'POST', body: form() })
    const { headers } = response
    assert.deepEqual([headers.get('content-type'), headers.get('content-length')], ['x/y', String(LARGE.length)])
    assert.equal(headers.get('content-disposition'), 'attachment; filename="large.bin"')
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), LARGE)
    await waitUntil(async () => (await kept()).length === 0)
  })

  test('of many requests at once is kept apart', async () => {
    await using host = await startHost(Api)
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const bytes = Buffer.alloc(400 * KIB, String(index))
        const body = formOf({ file: new File([bytes], 'x') })
        const response = await fetch(`${host.url}/back`, { method: 'POST', body })
        return Buffer.from(await response.arrayBuffer()).equals(bytes)
      }),
    )
    assert.ok(answers.every((same) => same))
    await waitUntil(async () => (await kept()).length === 0)
  })

  test('that cannot be kept is told of, and the next one is kept again', async () => {
    await using host = await startHost(Api)
    const folder = await mkdtemp(join(tmpdir(), 'no-room-'))
    const { TMPDIR } = process.env
    try {
      process.env.TMPDIR = join(folder, 'missing')
      const answer = await send(`${host.url}/schema`, form())
      assert.deepEqual([answer.status, answer.json().code], [500, 'EKB_ERR_UPLOAD_NOT_KEPT'])
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = TMPDIR
      await rm(folder, { recursive: true })
    }
    assert.equal((await send(`${host.url}/schema`, form())).status, 200)
  })

  test('needs a folder only while there is a host', async () => {
    {
      await using host = await startHost(Api)
      assert.equal((await send(`${host.url}/schema`, form())).status, 200)
    }
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith(`ekiben-uploads-${process.pid}-`))
    assert.deepEqual(left, [])
  })
})

test('small files stay in memory', async () => {
  await using host = await startHost(Api)
  const answer = send(`${host.url}/hold`, formOf({ file: new File(['x'.repeat(200 * KIB)], 'x') }))
  const { release } = await waitUntil(() => held.pop())
  assert.deepEqual(await kept(), [])
  release()
  assert.equal((await answer).status, 200)
})
