import { types } from 'node:util'
import type { ApiDefinition } from '../service/service-definition.js'
import { type HttpAnswer, JSON_TYPE, TEXT_TYPE } from './http-answer.js'
import type { HttpResponseControl } from './response-control.js'
import { toJson, toJsonValue } from './to-json.js'

const JSON_HEADERS: readonly string[] = ['content-type', JSON_TYPE]
const TEXT_HEADERS: readonly string[] = ['content-type', TEXT_TYPE]

/** The answer to a call: text and bytes as they are, else JSON; nothing at all is `null`, as BentoML sends None. */
export function writeAnswer(api: ApiDefinition, value: unknown, control: HttpResponseControl | undefined): HttpAnswer {
  const bytes = typeof value === 'string' ? undefined : toBytes(value)
  const isRaw = typeof value === 'string' || bytes !== undefined
  const body = typeof value === 'string' ? value : (bytes ?? toJson(value))
  const headers = isRaw ? rawHeaders(api) : JSON_HEADERS
  return control === undefined ? { statusCode: 200, headers, body } : { ...withControl(headers, control), body }
}

export interface ValueAnswer extends Omit<HttpAnswer, 'body'> {
  readonly body: undefined
  readonly value: unknown
}

/** For a host that makes JSON itself: what it makes it of; undefined where the answer is not that of an object or a list. */
export function writeValue(value: unknown, control: HttpResponseControl | undefined): ValueAnswer | undefined {
  if (typeof value !== 'object' || value === null || control?.has('content-type') === true) return undefined
  if (toBytes(value) !== undefined) return undefined
  const head = control === undefined ? { statusCode: 200, headers: JSON_HEADERS } : withControl(JSON_HEADERS, control)
  return { statusCode: head.statusCode, headers: head.headers, body: undefined, value: toJsonValue(value) }
}

function rawHeaders(api: ApiDefinition): readonly string[] {
  return api.mediaType === undefined ? TEXT_HEADERS : ['content-type', api.mediaType]
}

/** What the api set, over what the answer has by itself. */
export function withControl(headers: readonly string[], control: HttpResponseControl): Omit<HttpAnswer, 'body'> {
  const own = control.flatHeaders()
  const { statusCode } = control
  return { statusCode, headers: [...withoutSet(headers, control), ...own] }
}

/** Cookies add up; of anything else the api's own word counts. */
function withoutSet(headers: readonly string[], control: HttpResponseControl): readonly string[] {
  return headers.filter((_, at) => {
    const name = headers[at - (at % 2)] as string
    return name === 'set-cookie' || !control.has(name)
  })
}

function toBytes(value: unknown): Uint8Array | undefined {
  if (types.isUint8Array(value)) return value
  return types.isAnyArrayBuffer(value) ? new Uint8Array(value) : undefined
}
