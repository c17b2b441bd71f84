import type { InputShape } from './api-shape.js'
import { clientError } from './client-error.js'
import { findUnsendable, type Unsendable } from './find-unsendable.js'
import { isBlob, isBytes, isFormData, isNumbers } from './value-tags.js'

export interface EncodedInput {
  readonly body: string | Uint8Array<ArrayBuffer> | ArrayBuffer | DataView<ArrayBuffer> | Blob | FormData | undefined
  /** undefined: none, or fetch sets it itself, with the boundary of its parts. */
  readonly contentType: string | undefined
}

const BYTES_TYPE = 'application/octet-stream'

/** The body that carries an input: nothing, JSON, text, bytes, or a form where there are files among its fields. */
export function encodeInput(input: unknown, shape: InputShape, what: string): EncodedInput {
  if (input === undefined) return { body: undefined, contentType: undefined }
  if (isFormData(input)) return { body: input, contentType: undefined }
  if (isBlob(input)) return { body: input, contentType: input.type || BYTES_TYPE }
  if (isBytes(input)) return { body: input, contentType: BYTES_TYPE }
  if (shape.isText && typeof input === 'string') return { body: input, contentType: 'text/plain; charset=utf-8' }
  if (isRecord(input) && Object.entries(input).some(([name, value]) => isFileField(name, value, shape))) {
    return { body: encodeForm(input, shape, what), contentType: undefined }
  }
  return { body: encodeJson(input, '$', what), contentType: 'application/json' }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumbers(value)
}

function isFileField(name: string, value: unknown, { files }: InputShape): boolean {
  if (value === undefined || value === null) return false
  return files?.has(name) === true || isFile(value) || (Array.isArray(value) && value.some(isFile))
}

function isFile(value: unknown): value is Blob | Uint8Array<ArrayBuffer> | ArrayBuffer | DataView<ArrayBuffer> {
  return isBlob(value) || isBytes(value)
}

/** Files are parts of their own, a list of them several of one name; any other field is JSON. */
function encodeForm(input: Record<string, unknown>, shape: InputShape, what: string): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue
    if (!isFileField(name, value, shape)) {
      form.append(name, encodeJson(value, `$.${name}`, what))
      continue
    }
    const items = Array.isArray(value) ? value : [value]
    for (const [index, item] of items.entries()) {
      const path = Array.isArray(value) ? `$.${name}[${index}]` : `$.${name}`
      appendFile(form, { name, item, path, what })
    }
  }
  return form
}

interface FilePart {
  readonly name: string
  readonly item: unknown
  readonly path: string
  readonly what: string
}

function appendFile(form: FormData, { name, item, path, what }: FilePart): void {
  if (isBlob(item)) form.append(name, item)
  else if (isBytes(item)) form.append(name, new Blob([item], { type: BYTES_TYPE }), name)
  // An address, which BentoML fetches and Ekiben refuses.
  else if (typeof item === 'string') form.append(name, item)
  else throw unsendable({ path, received: 'something that is no file, among files' }, what)
}

function encodeJson(value: unknown, path: string, what: string): string {
  const found = findUnsendable(value, path)
  if (found !== undefined) throw unsendable(found, what)
  return JSON.stringify(value, listNumbers) ?? 'null'
}

function listNumbers(_key: string, value: unknown): unknown {
  return isNumbers(value) ? Array.from(value) : value
}

function unsendable(found: Unsendable, what: string): Error {
  return clientError('EKB_ERR_CLIENT_INPUT', { what, ...found }, { detail: found })
}
