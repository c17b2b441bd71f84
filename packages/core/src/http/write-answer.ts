import { types } from 'node:util'
import type { ApiDefinition } from '../service/service-definition.js'
import { type HttpAnswer, JSON_TYPE, TEXT_TYPE } from './http-answer.js'
import type { HttpResponseControl } from './response-control.js'
import { toJson, toJsonValue } from './to-json.js'

const JSON_HEADERS: readonly string[] = ['content-type', JSON_TYPE]
const TEXT_HEADERS: readonly string[] = ['content-type', TEXT_TYPE]
const PLAIN = { statusCode: 200, headers: [] as readonly string[] }

/** The answer to a call: text and bytes as they are, else JSON; nothing at all is `null`, as BentoML sends None. */
export function writeAnswer(api: ApiDefinition, value: unknown, control: HttpResponseControl | undefined): HttpAnswer {
  const bytes = typeof value === 'string' ? undefined : toBytes(value)
  const isRaw = typeof value === 'string' || bytes !== undefined
  const body = typeof value === 'string' ? value : (bytes ?? toJson(value))
  const headers = isRaw ? rawHeaders(api) : JSON_HEADERS
  return control === undefined ? { statusCode: 200, headers, body } : { ...withControl(headers, control), body }
}

/** What a host makes the body of, and the type that it is to say of it. */
export interface ValueAnswer extends Omit<HttpAnswer, 'body'> {
  readonly value: unknown
  readonly type: string
}

/** For a host that makes text itself; undefined where the answer is bytes, or has a type of its own. */
export function writeValue(
  api: ApiDefinition,
  value: unknown,
  control: HttpResponseControl | undefined,
): ValueAnswer | undefined {
  if (control?.has('content-type') === true || toBytes(value) !== undefined) return undefined
  const isText = typeof value === 'string'
  if (isText && api.mediaType !== undefined) return undefined
  const { statusCode, headers } = control === undefined ? PLAIN : withControl([], control)
  return { statusCode, headers, value: isText ? value : jsonValue(value), type: isText ? TEXT_TYPE : JSON_TYPE }
}

/** Of what is no object the value that its JSON says: null for nothing at all. */
function jsonValue(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? toJsonValue(value) : JSON.parse(toJson(value))
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
