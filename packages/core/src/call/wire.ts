import { createError } from '../errors/service-error.js'
import { checkValue } from './check-value.js'
import { type Frame, MAX_FRAME_BYTES, paddingAfter, payloadBytes } from './frame.js'
import { Packr } from './msgpackr.js'
import { restoreValue } from './restore-value.js'
import type { Attachment } from './value-kinds.js'

/**
 * The body of a call, a result or an error is one msgpack array:
 *
 *     [value, patches, attachmentLengths, requestId, traceparent]
 *
 * of which missing ends are left out. See docs/protocol.md.
 */
export interface EncodedMessage {
  readonly body: Uint8Array
  readonly attachments: readonly Attachment[]
}

export interface DecodedMessage {
  readonly value: unknown
  readonly requestId: string | undefined
  readonly traceparent: string | undefined
}

export interface CallMeta {
  readonly requestId: string
  readonly traceparent?: string | undefined
}

/** Names of keys are sent once per shape; pays from a few objects on (bench/codecs.mjs). */
const recordPackr = new Packr({ useRecords: true, mapsAsObjects: true, useToJSON: false } as object)
/** Names of keys are sent with each object: quicker for one or two. Read by the other one, too. */
const mapPackr = new Packr({ useRecords: false, mapsAsObjects: true, useToJSON: false } as object)

/** From so many objects on keys are sent once. */
const RECORDS_FROM = 6

/** The codec keeps the largest buffer it ever needed, and its small results keep that alive: it gets a new one. */
const LARGE_BODY_BYTES = 256 * 1024

const NONE: readonly never[] = []

/** Checks and encodes; throws EKB_ERR_NOT_SERIALISABLE or EKB_ERR_CALL_TOO_LARGE. */
export function encodeMessage(value: unknown, meta?: CallMeta): EncodedMessage {
  const checked = checkValue(value)
  const attachments = checked.attachments ?? NONE
  const fields: unknown[] = [checked.value]
  if (meta !== undefined || checked.patches !== undefined) {
    fields.push(checked.patches ?? null, attachments.length === 0 ? null : attachments.map(sizeOf))
    if (meta !== undefined) fields.push(meta.requestId)
    if (meta?.traceparent !== undefined) fields.push(meta.traceparent)
  }
  const packr = checked.objects < RECORDS_FROM ? mapPackr : recordPackr
  const body = packr.pack(fields)
  if (body.byteLength > LARGE_BODY_BYTES) packr.useBuffer(Buffer.allocUnsafeSlow(8192))
  const lengths = attachments.length === 0 ? NONE : attachments.map(sizeOf)
  const bytes = payloadBytes(body.byteLength, lengths)
  if (bytes > MAX_FRAME_BYTES) throw createError('EKB_ERR_CALL_TOO_LARGE', { bytes, limit: MAX_FRAME_BYTES })
  return { body, attachments }
}

/** The value of a frame; throws EKB_ERR_CALL_PROTOCOL for what is none. */
export function decodeMessage(frame: Frame): DecodedMessage {
  const fields = unpackBody(frame)
  const [value, patches, lengths, requestId, traceparent] = fields
  const attachments = Array.isArray(lengths) ? cutAttachments(frame, lengths) : NONE
  return {
    value: patches === undefined || patches === null ? value : restoreValue(value, patches, attachments),
    requestId: typeof requestId === 'string' ? requestId : undefined,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  }
}

/** The bytes of each attachment; a promise only where one is a Blob. Rejects with EKB_ERR_FILE_UNREADABLE. */
export function readAttachments(attachments: readonly Attachment[]): readonly Uint8Array[] | Promise<Uint8Array[]> {
  if (attachments.every((attachment) => attachment instanceof Uint8Array)) return attachments as readonly Uint8Array[]
  return Promise.all(
    attachments.map((attachment) => (attachment instanceof Uint8Array ? attachment : readBlob(attachment))),
  )
}

async function readBlob(blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer())
  } catch (cause) {
    const { name } = blob as Partial<File>
    const params = { name, bytes: blob.size, reason: (cause as Error).message }
    throw createError('EKB_ERR_FILE_UNREADABLE', params, { cause })
  }
}

function unpackBody(frame: Frame): unknown[] {
  let fields: unknown
  try {
    fields = recordPackr.unpack(frame.source, { start: frame.bodyStart, end: frame.bodyEnd })
  } catch (error) {
    throw createError('EKB_ERR_CALL_PROTOCOL', { reason: `a body cannot be decoded: ${(error as Error).message}` })
  }
  if (!Array.isArray(fields)) throw createError('EKB_ERR_CALL_PROTOCOL', { reason: 'a body is no array' })
  return fields
}

function cutAttachments(frame: Frame, lengths: readonly unknown[]): Uint8Array[] {
  let offset = frame.bodyEnd
  return lengths.map((length) => {
    offset += paddingAfter(offset - frame.bodyStart)
    const end = offset + (length as number)
    if (!Number.isInteger(length) || end < offset || end > frame.end) {
      throw createError('EKB_ERR_CALL_PROTOCOL', { reason: 'an attachment reaches beyond its frame' })
    }
    const bytes = new Uint8Array(frame.source.buffer, frame.source.byteOffset + offset, length as number)
    offset = end
    // A piece of a chunk that other frames share would keep all of it alive.
    return frame.alone ? bytes : bytes.slice()
  })
}

function sizeOf(attachment: Attachment): number {
  return attachment instanceof Uint8Array ? attachment.byteLength : attachment.size
}
