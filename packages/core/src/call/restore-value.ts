import { decodeError, type WireError } from '../errors/error-codec.js'
import { createError } from '../errors/service-error.js'
import { VALUE_KINDS, type ValueKind } from './value-kinds.js'

type Container = Record<string | number, unknown>

/**
 * Puts the values back that stand-ins were sent for: the reverse of `checkValue`.
 *
 * What arrives may be anything: a patch that does not fit its value is EKB_ERR_CALL_PROTOCOL.
 */
export function restoreValue(value: unknown, patches: unknown, attachments: readonly Uint8Array[]): unknown {
  if (!Array.isArray(patches) || patches.length % 2 !== 0) throw broken('patches are no list of pairs')
  const holder: Container = { value }
  try {
    for (let index = 0; index < patches.length; index += 2) {
      const path: unknown = patches[index]
      const kind = VALUE_KINDS[patches[index + 1] as number]
      if (!Array.isArray(path) || kind === undefined) throw broken('a patch has no path or an unknown kind')
      applyPatch(holder, { path, kind, attachments })
    }
  } catch (error) {
    throw broken(`a patch does not fit its value: ${(error as Error).message}`)
  }
  return holder.value
}

interface Patch {
  readonly path: readonly (string | number)[]
  readonly kind: ValueKind
  readonly attachments: readonly Uint8Array[]
}

function applyPatch(holder: Container, patch: Patch): void {
  let parent = holder
  let key: string | number = 'value'
  for (const step of patch.path) {
    // Own properties only: a path must not lead into a prototype.
    if (!Object.hasOwn(parent, key)) throw new TypeError('its path leads nowhere')
    parent = parent[key] as Container
    key = step
  }
  if (!Object.hasOwn(parent, key)) throw new TypeError('its path leads nowhere')
  parent[key] = restore(parent[key], patch)
}

function restore(standIn: unknown, { kind, attachments }: Patch): unknown {
  switch (kind) {
    case 'date':
      return new Date(standIn as number)
    case 'regexp':
      return new RegExp((standIn as string[])[0] as string, (standIn as string[])[1])
    case 'map':
      return new Map(standIn as [unknown, unknown][])
    case 'set':
      return new Set(standIn as unknown[])
    case 'bigint':
      return restoreBigInt(standIn as string)
    case 'error':
      return decodeError(standIn as WireError)
    case 'negative-zero':
      return -0
    case 'entries':
      // Defines own properties, `__proto__` too.
      return Object.fromEntries(standIn as [string, unknown][])
    case 'utf16':
      return restoreUtf16(bytesAt(attachments, standIn))
    case 'blob': {
      const [index, type] = standIn as [unknown, string]
      return new Blob([bytesAt(attachments, index)], { type })
    }
    case 'file': {
      const [index, name, type, lastModified] = standIn as [unknown, string, string, number]
      return new File([bytesAt(attachments, index)], name, { type, lastModified })
    }
    case 'Buffer': {
      const bytes = bytesAt(attachments, standIn)
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    case 'ArrayBuffer':
      return ownBuffer(bytesAt(attachments, standIn))
    default:
      return restoreView(kind, ownBuffer(bytesAt(attachments, standIn)))
  }
}

type ViewConstructor = new (buffer: ArrayBufferLike) => ArrayBufferView

function restoreView(kind: ValueKind, buffer: ArrayBufferLike): ArrayBufferView {
  const View = (globalThis as unknown as Record<string, ViewConstructor | undefined>)[kind]
  if (View === undefined) throw new TypeError(`this version of Node has no ${kind}`)
  return new View(buffer)
}

function restoreBigInt(hex: string): bigint {
  return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)
}

function restoreUtf16(bytes: Uint8Array): string {
  const units = new Uint16Array(ownBuffer(bytes))
  const parts: string[] = []
  // In parts: an argument list has a limit.
  for (let start = 0; start < units.length; start += 4096) {
    parts.push(String.fromCharCode(...units.subarray(start, start + 4096)))
  }
  return parts.join('')
}

function bytesAt(attachments: readonly Uint8Array[], index: unknown): Uint8Array<ArrayBuffer> {
  const bytes = attachments[index as number]
  if (bytes === undefined) throw new TypeError('an attachment is missing')
  return bytes as Uint8Array<ArrayBuffer>
}

/** A copy with a buffer of its own: aligned, and with nothing of the neighbours in `.buffer`. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}

function broken(reason: string): Error {
  return createError('EKB_ERR_CALL_PROTOCOL', { reason })
}
