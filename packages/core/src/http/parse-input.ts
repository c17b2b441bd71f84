import { createError } from '../errors/service-error.js'
import type { SchemaKind } from '../runner/schema-kind.js'
import { findJsonError } from './json-error.js'

const JSON_EXPECTED = 'application/json'
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** The input that a request's body holds, by its media type and what the api's schema asks for. */
export function parseInput(kind: SchemaKind, contentType: string | undefined, body: Uint8Array): unknown {
  // The one that nearly every request sends.
  if (contentType === 'application/json' && body.length > 0 && kind !== 'binary') return parseJson(body)
  const type = mediaType(contentType)
  refuseUnreadable(type, kind)
  if (kind === 'binary') return new File([body as Uint8Array<ArrayBuffer>], 'body', { type: type ?? '' })
  refuseCharset(contentType)
  if (body.length === 0) return kind === 'string' && !isJson(type) ? '' : {}
  if (isJson(type)) return parseJson(body)
  if (kind === 'string') return decodeText(body)
  if (type === 'application/x-www-form-urlencoded') return parseForm(decodeText(body))
  if (kind === 'unknown' && type !== undefined) return type.startsWith('text/') ? decodeText(body) : body
  throw createError('EKB_ERR_MEDIA_TYPE', { received: contentType ?? 'none', expected: JSON_EXPECTED })
}

/** `Text/HTML; charset=utf-8` as `text/html`; undefined: there is none. */
export function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() || undefined
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && (type === 'application/json' || type.endsWith('+json'))
}

function refuseUnreadable(type: string | undefined, kind: SchemaKind): void {
  // Unpickling runs what the sender says.
  if (type === 'application/vnd.bentoml+pickle') {
    throw createError('EKB_ERR_MEDIA_TYPE', { received: type, expected: JSON_EXPECTED })
  }
  if (type === 'multipart/form-data') {
    const bytes = kind === 'binary' ? 'the bytes of the file as the whole body' : JSON_EXPECTED
    throw createError('EKB_ERR_MEDIA_TYPE', { received: type, expected: `${bytes}: multipart is not read yet` })
  }
}

function refuseCharset(contentType: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase()
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') return
  throw createError('EKB_ERR_MEDIA_TYPE', { received: contentType ?? '', expected: 'text in UTF-8' })
}

function parseJson(body: Uint8Array): unknown {
  const text = decodeText(body)
  try {
    return JSON.parse(text)
  } catch (cause) {
    const { position, line, column, reason } = findJsonError(text)
    const where = `at position ${position} (line ${line}, column ${column})`
    throw createError('EKB_ERR_BODY_INVALID', { reason: `it is no JSON, ${reason} ${where}` }, { cause })
  }
}

/** Also drops a byte order mark. */
function decodeText(body: Uint8Array): string {
  try {
    return UTF8.decode(body)
  } catch (cause) {
    throw createError('EKB_ERR_BODY_INVALID', { reason: 'it is no valid UTF-8' }, { cause })
  }
}

/** Fields are JSON where they can be, else text; a repeated name makes a list. */
function parseForm(text: string): unknown {
  if (/^\s*[[{]/.test(text)) {
    throw createError('EKB_ERR_BODY_INVALID', {
      reason: "it looks like JSON, but its type says form; send the header 'content-type: application/json'",
    })
  }
  const fields = new Map<string, unknown>()
  const form = new URLSearchParams(text)
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name).map(parseField)
    fields.set(name, values.length === 1 ? values[0] : values)
  }
  // fromEntries makes own properties, of `__proto__` too.
  return Object.fromEntries(fields)
}

function parseField(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
