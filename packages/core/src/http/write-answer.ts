import { types } from 'node:util'
import { createError } from '../errors/service-error.js'
import type { ApiDefinition } from '../service/service-definition.js'
import { type HttpAnswer, JSON_TYPE, TEXT_TYPE } from './http-answer.js'
import type { HttpResponseControl } from './response-control.js'
import { toJson } from './to-json.js'

const JSON_HEADERS: readonly string[] = ['content-type', JSON_TYPE]
const TEXT_HEADERS: readonly string[] = ['content-type', TEXT_TYPE]

/** The answer to a call: text and bytes as they are, else JSON; nothing at all is `null`, as BentoML sends None. */
export function writeAnswer(api: ApiDefinition, value: unknown, control: HttpResponseControl | undefined): HttpAnswer {
  const bytes = typeof value === 'string' ? undefined : toBytes(value)
  const isRaw = typeof value === 'string' || bytes !== undefined
  if (!isRaw) refuseStream(api, value)
  const body = typeof value === 'string' ? value : (bytes ?? toJson(value))
  const headers = isRaw ? rawHeaders(api) : JSON_HEADERS
  return control === undefined ? { statusCode: 200, headers, body } : { ...withControl(headers, control), body }
}

function rawHeaders(api: ApiDefinition): readonly string[] {
  return api.mediaType === undefined ? TEXT_HEADERS : ['content-type', api.mediaType]
}

function withControl(headers: readonly string[], control: HttpResponseControl): Omit<HttpAnswer, 'body'> {
  const own = control.flatHeaders()
  const { statusCode } = control
  return { statusCode, headers: control.has('content-type') ? own : [...headers, ...own] }
}

function toBytes(value: unknown): Uint8Array | undefined {
  if (types.isUint8Array(value)) return value
  return types.isAnyArrayBuffer(value) ? new Uint8Array(value) : undefined
}

function refuseStream(api: ApiDefinition, value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const isStream = Symbol.asyncIterator in value || value instanceof Response || value instanceof Blob
  // A string or an array has Symbol.iterator too; a generator's object is known by its `next`.
  const isGenerator = Symbol.iterator in value && typeof (value as { next?: unknown }).next === 'function'
  if (isStream || isGenerator) {
    throw createError('EKB_ERR_NOT_IN_THIS_VERSION', { what: `${api.name}: a stream, Blob or Response as an answer` })
  }
}
