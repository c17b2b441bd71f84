/**
 * Values that plain data cannot hold, and the number each has in a patch. In the encoded message a stand-in is in
 * their place; the patch says what it stands for. Numbers are part of the protocol: add at the end, never renumber.
 */
export const VALUE_KINDS = [
  'date',
  'regexp',
  'map',
  'set',
  'bigint',
  'error',
  'negative-zero',
  'entries',
  'utf16',
  'blob',
  'file',
  'Buffer',
  'ArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
] as const

export type ValueKind = (typeof VALUE_KINDS)[number]

/** Number of each kind in a patch. */
export const KIND_NUMBER: ReadonlyMap<string, number> = new Map(VALUE_KINDS.map((kind, index) => [kind, index]))

/** Nesting beyond this is refused: the codec and most users of the data recurse. */
export const MAX_VALUE_DEPTH = 1000

/** Bytes that travel beside the message; a Blob is read just before it is sent. */
export type Attachment = Uint8Array | Blob

/** A value as it can be packed: `value` with stand-ins, and what they stand for. */
export interface CheckedValue {
  readonly value: unknown
  /** Path, kind, path, kind, …; an inner one comes before the one around it. */
  readonly patches: unknown[] | undefined
  readonly attachments: Attachment[] | undefined
  /** Plain objects met: how much there is to gain from sending the names of keys once. */
  readonly objects: number
}
