/**
 * A frame: a header of 24 bytes, then the body, then the attachments. Numbers are little-endian.
 *
 *    0        4      5       6        8        12           16                     24
 *    ┌────────┬──────┬───────┬────────┬────────┬────────────┬──────────────────────┐
 *    │ length │ type │ flags │ method │ id     │ bodyLength │ deadline             │
 *    │ u32    │ u8   │ u8    │ u16    │ u32    │ u32        │ f64, monotonic ms    │
 *    └────────┴──────┴───────┴────────┴────────┴────────────┴──────────────────────┘
 *    ┌─────────────────────┬─────┬──────────────┬─────┬──────────────┐
 *    │ body                │ pad │ attachment 0 │ pad │ attachment 1 │ …
 *    └─────────────────────┴─────┴──────────────┴─────┴──────────────┘
 *
 * - `length` counts all that follows the header; each attachment starts at a multiple of 8 from the frame's start.
 * - `method` is an index into the api table of the server's hello; `id` is the caller's, never 0.
 * - `deadline` 0 is none. The clock is the machine's: such frames never leave it.
 */
export const FRAME_HEADER_BYTES = 24

/** Version of everything here and in wire.ts; both hellos carry it. */
export const CALL_PROTOCOL_VERSION = 1

/** Largest frame after its header: 256 MiB. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024

/** Streaming has its numbers; nothing sends `chunk`, `end` and `credit` yet. */
export const FRAME_TYPE = {
  hello: 1,
  call: 2,
  result: 3,
  error: 4,
  cancel: 5,
  goaway: 6,
  chunk: 7,
  end: 8,
  credit: 9,
} as const

const LAST_TYPE = FRAME_TYPE.credit

/** On an error: the call was not started, so it may be sent to another worker. */
export const FLAG_NOT_STARTED = 1

/** What a sender says of a frame; lengths are counted when it is written. */
export interface FrameHead {
  readonly type: number
  readonly flags: number
  readonly method: number
  readonly id: number
  readonly deadlineAt: number | undefined
}

/** A frame as it arrived: `source` from `bodyStart` to `end`, not copied. */
export interface Frame extends FrameHead {
  readonly source: Uint8Array
  readonly bodyStart: number
  readonly bodyEnd: number
  readonly end: number
  /** Does `source` hold this frame alone? Then parts of it may be kept without a copy. */
  readonly alone: boolean
}

/** Bytes after the header: body, attachments and the gaps before them. */
export function payloadBytes(bodyLength: number, attachmentLengths: readonly number[]): number {
  let length = bodyLength
  for (const attachmentLength of attachmentLengths) length += paddingAfter(length) + attachmentLength
  return length
}

/** Zero bytes up to the next multiple of 8; a header is one itself. */
export function paddingAfter(length: number): number {
  return (8 - (length & 7)) & 7
}

/** Writes a header at `offset`. */
export function writeFrameHeader(
  target: Buffer,
  offset: number,
  frame: { readonly head: FrameHead; readonly length: number; readonly bodyLength: number },
): void {
  const { head } = frame
  target.writeUInt32LE(frame.length, offset)
  target[offset + 4] = head.type
  target[offset + 5] = head.flags
  target.writeUInt16LE(head.method, offset + 6)
  target.writeUInt32LE(head.id, offset + 8)
  target.writeUInt32LE(frame.bodyLength, offset + 12)
  target.writeDoubleLE(head.deadlineAt ?? 0, offset + 16)
}

/** `length` of the header at `offset`, or why nothing more should be read from this peer. */
export function readFrameLength(source: Buffer, offset: number): number | string {
  const length = source.readUInt32LE(offset)
  const type = source[offset + 4] as number
  const bodyLength = source.readUInt32LE(offset + 12)
  if (length > MAX_FRAME_BYTES) return `a frame claims ${length} bytes, over the limit of ${MAX_FRAME_BYTES}`
  if (type === 0 || type > LAST_TYPE) return `a frame has the unknown type ${type}`
  if (bodyLength > length) return `a frame of ${length} bytes claims a body of ${bodyLength}`
  return length
}

/** The frame whose header, checked by `readFrameLength`, is at `offset` and which is there as a whole. */
export function readFrame(source: Buffer, offset: number, alone: boolean): Frame {
  const bodyStart = offset + FRAME_HEADER_BYTES
  const deadline = source.readDoubleLE(offset + 16)
  return {
    type: source[offset + 4] as number,
    flags: source[offset + 5] as number,
    method: source.readUInt16LE(offset + 6),
    id: source.readUInt32LE(offset + 8),
    // Only a finite time is one: NaN would never be reached.
    deadlineAt: deadline > 0 && deadline < Number.MAX_VALUE ? deadline : undefined,
    source,
    bodyStart,
    bodyEnd: bodyStart + source.readUInt32LE(offset + 12),
    end: bodyStart + source.readUInt32LE(offset),
    alone,
  }
}
