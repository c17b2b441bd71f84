import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { FRAME_HEADER_BYTES, FRAME_TYPE, type Frame, MAX_FRAME_BYTES, writeFrameHeader } from './frame.js'
import { FrameReader } from './frame-reader.js'

interface Sent {
  readonly id: number
  readonly body: Buffer
}

function toBytes({ id, body }: Sent): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  const head = { type: FRAME_TYPE.call, flags: 1, method: id % 7, id, deadlineAt: id * 1.5 }
  writeFrameHeader(header, 0, { head, length: body.length, bodyLength: body.length })
  return Buffer.concat([header, body])
}

const summary = (frame: Frame) => ({
  id: frame.id,
  method: frame.method,
  deadlineAt: frame.deadlineAt,
  body: Buffer.from(frame.source.subarray(frame.bodyStart, frame.bodyEnd)).toString('latin1'),
})
const expected = ({ id, body }: Sent) => ({
  id,
  method: id % 7,
  deadlineAt: id * 1.5,
  body: body.toString('latin1'),
})

const FRAMES: readonly Sent[] = [0, 1, 23, 24, 25, 0, 1000, 70_000, 3, 0].map((length, index) => ({
  id: index + 1,
  body: Buffer.alloc(length, index + 65),
}))

function read(chunks: readonly Buffer[]): ReturnType<typeof summary>[] {
  const reader = new FrameReader()
  const frames: ReturnType<typeof summary>[] = []
  for (const chunk of chunks) reader.push(chunk, (frame) => frames.push(summary(frame)))
  assert.equal(reader.isPartial, false)
  return frames
}

test('frames come out the same however the stream is cut', () => {
  const stream = Buffer.concat(FRAMES.map(toBytes))
  let state = 1
  for (let round = 0; round < 200; round++) {
    const chunks: Buffer[] = []
    for (let at = 0; at < stream.length; ) {
      state = (state * 48_271) % 0x7fff_ffff
      const size = 1 + (round % 2 === 0 ? state % 50_000 : state % 40)
      // Long runs of tiny chunks prove no more than short ones.
      const end = round % 2 === 1 && at > 3000 ? stream.length : Math.min(stream.length, at + size)
      chunks.push(stream.subarray(at, end))
      at = end
    }
    assert.deepEqual(read(chunks), FRAMES.map(expected))
  }
})

test('byte by byte', () => {
  const small = FRAMES.filter(({ body }) => body.length < 100)
  const stream = Buffer.concat(small.map(toBytes))
  const bytes = Array.from(stream, (_, index) => stream.subarray(index, index + 1))
  assert.deepEqual(read(bytes), small.map(expected))
})

test('a whole frame is not copied, one in parts is alone in its buffer', () => {
  const [one, two] = [FRAMES[6], FRAMES[7]].map((frame) => toBytes(frame as Sent)) as [Buffer, Buffer]
  const reader = new FrameReader()
  const frames: Frame[] = []
  const chunk = Buffer.concat([one, two.subarray(0, 30)])
  reader.push(chunk, (frame) => frames.push(frame))
  reader.push(two.subarray(30), (frame) => frames.push(frame))
  assert.equal(frames[0]?.source, chunk)
  assert.deepEqual(
    frames.map(({ alone }) => alone),
    [false, true],
  )
})

test('a truncated stream is partial, and says nothing', () => {
  for (const length of [1, 23, 24, 40]) {
    const reader = new FrameReader()
    reader.push(toBytes(FRAMES[6] as Sent).subarray(0, length), () => assert.fail('no frame is whole'))
    assert.equal(reader.isPartial, true)
  }
})

const HOSTILE: readonly (readonly [string, (header: Buffer) => void])[] = [
  ['a length over the limit', (header) => header.writeUInt32LE(MAX_FRAME_BYTES + 1, 0)],
  ['the largest length there is', (header) => header.writeUInt32LE(0xffff_ffff, 0)],
  ['type 0', (header) => header.writeUInt8(0, 4)],
  ['an unknown type', (header) => header.writeUInt8(200, 4)],
  ['a body longer than its frame', (header) => header.writeUInt32LE(9, 12)],
]
for (const [name, damage] of HOSTILE) {
  test(`refused: ${name}, in one chunk or two`, () => {
    const bytes = toBytes({ id: 1, body: Buffer.alloc(8) })
    damage(bytes)
    for (const cut of [0, 10]) {
      const reader = new FrameReader()
      const push = () => {
        if (cut > 0) reader.push(bytes.subarray(0, cut), () => {})
        reader.push(bytes.subarray(cut), () => {})
      }
      assert.throws(push, (error) => isServiceError(error, 'EKB_ERR_CALL_PROTOCOL'))
    }
  })
}

test('text of another protocol is refused', () => {
  const request = Buffer.from('POST /classify HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.throws(() => new FrameReader().push(request, () => {}), /a frame claims|unknown type/)
})

test('a deadline that is no time is none', () => {
  for (const deadline of [Number.NaN, Number.POSITIVE_INFINITY, -1, 0]) {
    const bytes = toBytes({ id: 1, body: Buffer.alloc(0) })
    bytes.writeDoubleLE(deadline, 16)
    new FrameReader().push(bytes, (frame) => assert.equal(frame.deadlineAt, undefined))
  }
})
