import assert from 'node:assert/strict'
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '../../../../test/helpers/seeded-random.js'
import { isServiceError, ServiceError } from '../errors/service-error.js'
import { FRAME_HEADER_BYTES, type Frame, paddingAfter } from './frame.js'
import { decodeMessage, encodeMessage, readAttachments } from './wire.js'

/** What the other side gets, through the layout of a frame. */
async function cross(value: unknown): Promise<unknown> {
  const { body, attachments } = encodeMessage(value)
  return decodeMessage(layOut(body, await readAttachments(attachments))).value
}

function layOut(body: Uint8Array, attachments: readonly Uint8Array[] = [], alone = true): Frame {
  const parts: Uint8Array[] = [Buffer.alloc(FRAME_HEADER_BYTES), body]
  let length = body.byteLength
  for (const attachment of attachments) {
    parts.push(Buffer.alloc(paddingAfter(length)), attachment)
    length += paddingAfter(length) + attachment.byteLength
  }
  const source = Buffer.concat(parts)
  const bodyEnd = FRAME_HEADER_BYTES + body.byteLength
  const head = { type: 2, flags: 0, method: 0, id: 1, deadlineAt: undefined }
  return { ...head, source, bodyStart: FRAME_HEADER_BYTES, bodyEnd, end: source.length, alone }
}

const BIG = 2n ** 200n + 1n
const KEPT: Readonly<Record<string, unknown>> = {
  'a string': 'text',
  'an empty string': '',
  'a long string': 'Grüße, 日本, 🍱. '.repeat(500),
  'half a surrogate pair': 'before \ud83c after',
  'a long string with half a pair': `${'x'.repeat(5000)}\udf71`,
  undefined: undefined,
  null: null,
  NaN: Number.NaN,
  'minus zero': -0,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  integers: [
    0,
    1,
    31,
    32,
    63,
    64,
    100,
    127,
    128,
    255,
    256,
    65535,
    65536,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    -1,
    -32,
    -33,
    -(2 ** 31),
  ],
  fractions: [0.1, -1.5, 1e300, 5e-324],
  'minus zero within': { list: [1, -0, 0], z: -0 },
  'undefined properties': { a: undefined, b: [undefined, null] },
  'a small BigInt': 7n,
  'BigInts of any size': [BIG, -BIG, 0n, -1n, 2n ** 63n, 2n ** 64n],
  'a Date': new Date(1_700_000_000_123),
  'a Date before 1970': new Date(-5),
  'a RegExp': /a[/]b\n/giu,
  'a Map': new Map<unknown, unknown>([
    ['a', 1],
    [{ k: 1 }, new Set([1, new Date(1)])],
    [3n, new Map([[1, -0]])],
  ]),
  'a Set': new Set([1, 'two', undefined, Number.NaN]),
  'a Buffer': Buffer.from('bytes'),
  'an empty Buffer': Buffer.alloc(0),
  'an ArrayBuffer': new Uint8Array([1, 2, 3]).buffer,
  'a part of a larger buffer': new Float32Array([1, 2, 3, 4]).subarray(1, 3),
  'bytes in several places': { a: Buffer.from('a'), list: [new Uint8Array([1]), { deep: Buffer.from('ccc') }] },
  'keys that look like patches': { value: [[], 0], patches: null, 0: [['value'], 1] },
  'keys of every sort': { '': 1, constructor: 'x', toString: 2, 'a b': 3, ключ: 4, hasOwnProperty: null },
  'many objects of one shape': Array.from({ length: 200 }, (_, id) => ({ id, tags: ['a'], at: new Date(id) })),
}
for (const [name, value] of Object.entries(KEPT)) {
  test(`arrives as it was: ${name}`, async () => assert.deepStrictEqual(await cross(value), value))
}

const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const
test('typed arrays of every kind arrive aligned, with a buffer of their own', async () => {
  const views = [
    ...VIEWS.map((View) => new View([1, 2, 3])),
    new BigInt64Array([-1n]),
    new BigUint64Array([2n ** 64n - 1n]),
  ]
  const arrived = (await cross([new Uint8Array([9]), ...views])) as ArrayBufferView[]
  assert.deepStrictEqual(arrived.slice(1), views)
  for (const view of arrived) assert.equal(view.buffer.byteLength, view.byteLength)
})

test('a Date that is none arrives as one', async () => {
  const arrived = (await cross({ at: new Date(Number.NaN) })) as { at: Date }
  assert.ok(arrived.at instanceof Date)
  assert.equal(arrived.at.getTime(), Number.NaN)
})

test('a DataView arrives', async () => {
  const view = (await cross(new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2))) as DataView
  assert.ok(view instanceof DataView)
  assert.equal(view.getUint16(0), 0x0203)
})

test('Blob and File arrive with their type, name and bytes', async () => {
  const file = new File(['hello'], 'a.txt', { type: 'text/plain', lastModified: 5 })
  const value = { blob: new Blob(['x'], { type: 'image/png' }), files: [file], raw: Buffer.from('r') }
  const arrived = (await cross(value)) as typeof value
  assert.ok(arrived.blob instanceof Blob)
  assert.equal(arrived.blob.type, 'image/png')
  assert.equal(await arrived.blob.text(), 'x')
  const [first] = arrived.files as [File]
  assert.ok(first instanceof File)
  assert.deepEqual(
    [first.name, first.type, first.lastModified, await first.text()],
    ['a.txt', 'text/plain', 5, 'hello'],
  )
  assert.deepStrictEqual(arrived.raw, Buffer.from('r'))
})

test('an Error arrives with code, status, detail and cause', async () => {
  const cause = Object.assign(new Error('inner'), { code: 'ENOENT' })
  const sent = new ServiceError('outer', { statusCode: 409, code: 'TAKEN', detail: { id: 1 }, cause })
  const { error } = (await cross({ error: sent })) as { error: ServiceError }
  assert.ok(isServiceError(error, 'TAKEN'))
  assert.deepEqual([error.message, error.statusCode, error.detail], ['outer', 409, { id: 1 }])
  const inner = error.cause as NodeJS.ErrnoException
  assert.ok(inner instanceof Error)
  assert.deepEqual([inner.message, inner.code], ['inner', 'ENOENT'])
})

test('an object with a toJSON of its own arrives as what that returns', async () => {
  class Money {
    toJSON() {
      return { amount: 3, at: new Date(1) }
    }
  }
  assert.deepEqual(await cross({ price: new Money(), url: new URL('http://a/') }), {
    price: { amount: 3, at: new Date(1) },
    url: 'http://a/',
  })
})

test('__proto__ arrives as a property, and no prototype changes', async () => {
  const value = JSON.parse('{"a":{"d":1,"__proto__":{"polluted":true}},"list":[{"__proto__":null}]}') as { a: object }
  const arrived = (await cross(value)) as { a: object }
  assert.deepEqual(Object.keys(arrived.a), ['d', '__proto__'])
  assert.equal(Object.getPrototypeOf(arrived.a), Object.prototype)
  assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  assert.equal(JSON.stringify(arrived), JSON.stringify(value))
})

test('specials before and behind a __proto__ key arrive once', async () => {
  const value = JSON.parse('{"__proto__":1}') as Record<string, unknown>
  const mixed = { at: new Date(1), inner: Object.assign({ when: new Date(2), raw: Buffer.from('b') }, value), end: 1n }
  Object.defineProperty(mixed.inner, '__proto__', { value: new Date(3), enumerable: true })
  const arrived = (await cross([mixed, mixed])) as (typeof mixed)[]
  assert.deepEqual(Object.entries(arrived[1]?.inner ?? {}), [
    ['when', new Date(2)],
    ['raw', Buffer.from('b')],
    ['__proto__', new Date(3)],
  ])
  assert.deepEqual([arrived[0]?.at, arrived[0]?.end], [new Date(1), 1n])
})

test('ids of a call travel with it', () => {
  const { body } = encodeMessage({ a: 1n }, { requestId: 'r-1', traceparent: '00-a-b-01' })
  assert.deepEqual(decodeMessage(layOut(body)), { value: { a: 1n }, requestId: 'r-1', traceparent: '00-a-b-01' })
  const bare = decodeMessage(layOut(encodeMessage(null, { requestId: 'r-2', traceparent: undefined }).body))
  assert.deepEqual(bare, { value: null, requestId: 'r-2', traceparent: undefined })
})

test('bytes from a chunk that other frames share are copied out of it', () => {
  const { body, attachments } = encodeMessage(Buffer.from('abc'))
  const frame = layOut(body, attachments as Uint8Array[], false)
  const { value } = decodeMessage(frame)
  assert.deepStrictEqual(value, Buffer.from('abc'))
  assert.ok((value as Buffer).buffer !== frame.source.buffer)
})

test('random values arrive as they were', async () => {
  const random = seededRandom(20)
  for (let round = 0; round < 300; round++) {
    const value = randomValue(random, 4)
    assert.deepStrictEqual(await cross(value), value)
  }
})

test('a damaged body is a protocol error, never another', async () => {
  const random = seededRandom(7)
  const { body, attachments } = encodeMessage(KEPT)
  for (let round = 0; round < 300; round++) {
    const damaged = Buffer.from(body)
    for (let flips = 0; flips < 3; flips++) damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256)
    const cut = random() < 0.5 ? damaged : damaged.subarray(0, Math.floor(random() * damaged.length))
    try {
      decodeMessage(layOut(cut, await readAttachments(attachments)))
    } catch (error) {
      assert.ok(isServiceError(error, 'EKB_ERR_CALL_PROTOCOL'), String(error))
    }
  }
  assert.deepEqual(await cross({ after: [1n] }), { after: [1n] })
})

function randomValue(random: () => number, depth: number): unknown {
  const below = (count: number) => Math.floor(random() * count)
  const list = () => Array.from({ length: below(6) }, () => randomValue(random, depth - 1))
  const scalars = [
    () => below(100),
    () => (random() - 0.5) * 1e9,
    () => -0,
    () => String.fromCharCode(...Array.from({ length: below(80) }, () => below(0x10000))),
    () => BigInt(below(2 ** 31)) ** 5n,
    () => undefined,
    () => null,
    () => random() < 0.5,
    () => new Date(below(2 ** 31)),
    () => Buffer.from(String(random())),
    () => new Float64Array([random()]),
  ]
  const nested = [
    list,
    () => new Set(list()),
    () => new Map(list().map((value, index) => [index % 2 === 0 ? value : index, value])),
    () => Object.fromEntries(list().map((value, index) => [`k${index}${below(3)}`, value])),
  ]
  const makers = depth > 0 && random() < 0.6 ? nested : scalars
  return (makers[below(makers.length)] as () => unknown)()
}

test('a file on disk is read when it is sent, refused unread where it is too large, and told of when it is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-wire-'))
  try {
    const path = join(folder, 'file')
    await writeFile(path, 'on disk')
    const file = new File([await openAsBlob(path)], 'a.txt', { type: 'text/plain', lastModified: 5 })
    const { sent, bytes } = (await cross({ sent: file, bytes: new Uint8Array([1]) })) as { sent: File; bytes: unknown }
    assert.deepEqual(
      [await sent.text(), sent.name, sent.type, sent.lastModified],
      ['on disk', 'a.txt', 'text/plain', 5],
    )
    assert.deepEqual(bytes, new Uint8Array([1]))

    const { attachments } = encodeMessage([file, await openAsBlob(path)])
    await rm(path)
    const refused = async () => readAttachments(attachments.slice(0, 1))
    await assert.rejects(refused, (error: Error) => {
      assert.match(error.message, /^Cannot send the file 'a\.txt' of 7 bytes: /)
      assert.equal((error.cause as Error).name, 'NotReadableError')
      return isServiceError(error, 'EKB_ERR_FILE_UNREADABLE')
    })
    const nameless = async () => readAttachments(attachments.slice(1))
    await assert.rejects(nameless, /^ServiceError: Cannot send a Blob of 7 bytes: /)

    await writeFile(path, '')
    await truncate(path, 300 * 1024 * 1024)
    const large = await openAsBlob(path)
    assert.throws(() => encodeMessage({ large }), { code: 'EKB_ERR_CALL_TOO_LARGE' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
