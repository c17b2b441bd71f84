import { createError } from '../errors/service-error.js'
import type { FieldKinds } from '../runner/field-kinds.js'
import type { SchemaKind } from '../runner/schema-kind.js'
import { formInput, MAX_FORM_FIELDS } from './form-input.js'
import { parseJson } from './parse-json.js'

const JSON_EXPECTED = 'application/json'
const MULTIPART = 'multipart/form-data'
/** U+FFFD, as a form writes it. */
const REPLACEMENT = '%EF%BF%BD'
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** What an api's schema asks of a body: as a whole, and of the fields of a form. */
export interface InputShape {
  readonly input: SchemaKind
  readonly fields: FieldKinds
}

/** An input that was read from its body already: one that comes with files. */
export class ReadInput {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** The input that a request's body holds, by its media type and what the api's schema asks for. */
export function parseInput(
  { input: kind, fields }: InputShape,
  contentType: string | undefined,
  body: Uint8Array,
): unknown {
  // The one that nearly every request sends.
  if (contentType === 'application/json' && body.length > 0 && kind !== 'binary') return parseJson(decodeText(body))
  const type = mediaType(contentType)
  refuseUnreadable(type, kind)
  if (kind === 'binary') return new File([body as Uint8Array<ArrayBuffer>], 'body', { type: type ?? '' })
  refuseCharset(contentType)
  if (body.length === 0) return kind === 'string' && !isJson(type) ? '' : {}
  if (isJson(type)) return parseJson(decodeText(body))
  if (kind === 'string') return decodeText(body)
  if (type === 'application/x-www-form-urlencoded') return parseForm(decodeText(body), fields)
  if (kind === 'unknown' && type !== undefined) return type.startsWith('text/') ? decodeText(body) : body
  throw createError('EKB_ERR_MEDIA_TYPE', { received: contentType ?? 'none', expected: JSON_EXPECTED })
}

/** `Text/HTML; charset=utf-8` as `text/html`; undefined: there is none. */
export function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() || undefined
}

/** Is it read as parts, each of which may be a file? Not where the whole body is one value. */
export function isMultipart(kind: SchemaKind, contentType: string | undefined): boolean {
  if (kind !== 'any' && kind !== 'object' && kind !== 'unknown') return false
  return contentType !== 'application/json' && mediaType(contentType) === MULTIPART
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && (type === 'application/json' || type.endsWith('+json'))
}

/** Throws for types that are not read, or not for such an input. */
export function refuseUnreadable(type: string | undefined, kind: SchemaKind): void {
  // Unpickling runs what the sender says.
  if (type === 'application/vnd.bentoml+pickle') {
    throw createError('EKB_ERR_MEDIA_TYPE', { received: type, expected: JSON_EXPECTED })
  }
  if (type === MULTIPART) {
    const expected = kind === 'binary' ? 'the bytes of the file as the whole body' : JSON_EXPECTED
    throw createError('EKB_ERR_MEDIA_TYPE', { received: type, expected })
  }
}

function refuseCharset(contentType: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase()
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') return
  throw createError('EKB_ERR_MEDIA_TYPE', { received: contentType ?? '', expected: 'text in UTF-8' })
}

/** Also drops a byte order mark. */
export function decodeText(body: Uint8Array): string {
  try {
    return UTF8.decode(body)
  } catch (cause) {
    throw createError('EKB_ERR_BODY_INVALID', { reason: 'it is no valid UTF-8' }, { cause })
  }
}

function parseForm(text: string, fields: FieldKinds): unknown {
  if (/^\s*[[{]/.test(text)) {
    throw createError('EKB_ERR_BODY_INVALID', {
      reason: "it looks like JSON, but its type says form; send the header 'content-type: application/json'",
    })
  }
  if (hasMore(text, '&', MAX_FORM_FIELDS - 1)) {
    throw createError('EKB_ERR_BODY_INVALID', { reason: `it has more than ${MAX_FORM_FIELDS} fields` })
  }
  const form = new URLSearchParams(text)
  // It puts this character where a percent-encoded byte is no UTF-8.
  if (form.toString().includes(REPLACEMENT) && !text.toUpperCase().includes(REPLACEMENT) && !text.includes('\ufffd')) {
    throw createError('EKB_ERR_BODY_INVALID', { reason: 'it is no valid UTF-8' })
  }
  return formInput(
    [...form].map(([name, value]) => ({ name, value })),
    fields,
  )
}

function hasMore(text: string, character: string, limit: number): boolean {
  let at = text.indexOf(character)
  for (let count = 0; at !== -1; at = text.indexOf(character, at + 1)) {
    count++
    if (count > limit) return true
  }
  return false
}
