import { Readable } from 'node:stream'
import { createError } from '../errors/service-error.js'
import { outputKind, type ValueKind } from '../openapi/schema-parts.js'
import { ApiStream } from '../runner/api-stream.js'
import type { ApiDefinition } from '../service/service-definition.js'
import { chooseStreamFormat, EVENTS_TYPE, LINES_TYPE, type StreamFormat } from './choose-stream-format.js'
import { formatDisposition } from './format-disposition.js'
import { formatEvent } from './format-event.js'
import { type Piece, type Pieces, type StreamAnswer, TEXT_TYPE } from './http-answer.js'
import { type HttpResponseControl, RESERVED_HEADERS } from './response-control.js'
import { toJson } from './to-json.js'
import { withControl } from './write-answer.js'

/** What is sent piece by piece: the items of an api, or what passes through as it is. */
export type Streamed = ApiStream | Blob | Response | AsyncIterable<unknown>

const BYTES_TYPE = 'application/octet-stream'

/** Is it one? Asked of the result of each call, so it must be quick for plain objects and lists. */
export function isStreamed(value: unknown): value is Streamed {
  if (typeof value !== 'object' || value === null) return false
  if (Symbol.asyncIterator in value) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return false
  const tag = Object.prototype.toString.call(value)
  return (
    tag === '[object Blob]' || tag === '[object File]' || tag === '[object Response]' || tag === '[object Generator]'
  )
}

/** Who the answer is for. */
export interface StreamCaller {
  /** Somebody still waits for it. */
  readonly isWanted: boolean
  /** What the api asked for its answer, so far. */
  readonly control: HttpResponseControl | undefined
  /** Is told how to close what the stream comes from, should nobody wait any more. */
  attach(close: () => Promise<unknown>): void
}

export interface StreamRequest {
  readonly api: ApiDefinition
  readonly accept: string | undefined
  readonly caller: StreamCaller
}

/**
 * The answer that sends it, once its first piece is there: what fails before has an answer of its own. undefined:
 * nobody waits for it any more, and it was closed.
 */
export async function openStream(value: Streamed, request: StreamRequest): Promise<StreamAnswer | undefined> {
  const { api, caller } = request
  const source = sourceOf(value, api)
  caller.attach(() => source.return())
  try {
    const first = caller.isWanted ? await source.next() : undefined
    if (first !== undefined && caller.isWanted) {
      if (value instanceof ApiStream) return itemsAnswer(source, first, request)
      const head = withHead(passedHead(value, api), caller.control)
      return { ...head, pieces: piecesFrom(first, source, rawPiece), tellError: undefined }
    }
  } catch (error) {
    await source.return().catch(() => {})
    throw error
  }
  await source.return()
  return undefined
}

type Source = { next(): Promise<IteratorResult<unknown, unknown>>; return(): Promise<unknown> }

function sourceOf(value: Streamed, api: ApiDefinition): Source {
  if (value instanceof ApiStream) return value
  const tag = Object.prototype.toString.call(value)
  const stream = tag === '[object Response]' ? bodyOf(value as Response) : isBlob(value) ? value.stream() : value
  if (stream === null) return NOTHING
  const isBytes = typeof (stream as { pipe?: unknown }).pipe === 'function' || stream instanceof ReadableStream
  if (!isBytes) throw createError('EKB_ERR_STREAM_UNDECLARED', { api: api.name })
  const iterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  let hasBegun = false
  return {
    next: () => {
      hasBegun = true
      return iterator.next()
    },
    return: async () => {
      // An iterator that has not begun leaves its stream open.
      if (!hasBegun && stream instanceof Readable) stream.destroy()
      return iterator.return?.()
    },
  }
}

const NOTHING: Source = {
  next: async () => ({ done: true, value: undefined }),
  return: async () => undefined,
}

function bodyOf(response: Response): ReadableStream | null {
  if (!response.bodyUsed && response.status >= 200) return response.body
  throw createError('EKB_ERR_NOT_SERIALISABLE', {
    path: '$',
    received: 'a Response whose body was read, or of an error',
  })
}

function isBlob(value: object): value is Blob {
  const tag = Object.prototype.toString.call(value)
  return tag === '[object Blob]' || tag === '[object File]'
}

interface Head {
  readonly statusCode: number | undefined
  readonly headers: readonly string[]
}

/** Status and headers of what passes through. */
function passedHead(value: Exclude<Streamed, ApiStream>, { mediaType }: ApiDefinition): Head {
  if (Object.prototype.toString.call(value) === '[object Response]') return responseHead(value as Response)
  if (!isBlob(value)) return { statusCode: undefined, headers: ['content-type', mediaType ?? BYTES_TYPE] }
  const type = value.type || (mediaType ?? BYTES_TYPE)
  // A browser that guesses would run what only says that it is text.
  const headers = ['content-type', type, 'content-length', String(value.size), 'x-content-type-options', 'nosniff']
  const { name } = value as { name?: unknown }
  if (typeof name === 'string' && name !== '') headers.push('content-disposition', formatDisposition(name, type))
  return { statusCode: undefined, headers }
}

function responseHead(response: Response): Head {
  // What fetch gave back is decoded already: its own words about length and encoding are not true any more.
  const wasFetched = response.url !== ''
  const headers = [...response.headers].flatMap(([name, value]) =>
    RESERVED_HEADERS.has(name) || (wasFetched && name === 'content-encoding') ? [] : [name, value],
  )
  return { statusCode: response.status, headers }
}

function withHead({ statusCode, headers }: Head, control: HttpResponseControl | undefined) {
  const merged = control === undefined ? { statusCode: 200, headers } : withControl(headers, control)
  const status = statusCode ?? merged.statusCode
  // Such an answer has no body: a length of one would be waited for.
  const isBare = status === 204 || status === 304
  return { statusCode: status, headers: isBare ? withoutLength(merged.headers) : merged.headers }
}

function withoutLength(headers: readonly string[]): readonly string[] {
  return headers.filter((_, at) => headers[at - (at % 2)] !== 'content-length')
}

function itemsAnswer(
  source: Source,
  first: IteratorResult<unknown, unknown>,
  { api, accept, caller }: StreamRequest,
): StreamAnswer {
  const { mediaType } = api
  const items = first.done === true ? outputKind(api) : kindOf(first.value)
  const format = chooseStreamFormat({ accept, mediaType, items })
  const { type, encode, tellError } = FORMATS[format]
  const headers = ['content-type', format === 'raw' ? rawType(items, mediaType) : type, 'cache-control', 'no-cache']
  // A proxy that gathers a body before it passes it on would keep the items from the client.
  if (format === 'events') headers.push('x-accel-buffering', 'no')
  return {
    ...withHead({ statusCode: undefined, headers }, caller.control),
    pieces: piecesFrom(first, source, encode),
    tellError,
  }
}

function kindOf(item: unknown): ValueKind {
  if (item instanceof Uint8Array) return 'bytes'
  return typeof item === 'string' ? 'text' : 'values'
}

function rawType(items: ValueKind, mediaType: string | undefined): string {
  return mediaType ?? (items === 'bytes' ? BYTES_TYPE : TEXT_TYPE)
}

interface FormatRules {
  readonly type: string
  /** The piece that says an item, the `number`th from 1. */
  readonly encode: (item: unknown, number: number) => Piece
  readonly tellError: ((error: string) => Piece) | undefined
}

const FORMATS: Readonly<Record<StreamFormat, FormatRules>> = {
  events: {
    type: `${EVENTS_TYPE}; charset=utf-8`,
    encode: (item, id) => formatEvent(typeof item === 'string' ? item : toJson(item), { id }),
    tellError: (error) => formatEvent(error, { event: 'error' }),
  },
  lines: {
    type: LINES_TYPE,
    encode: (item) => `${toJson(item)}\n`,
    tellError: (error) => `${error}\n`,
  },
  raw: { type: TEXT_TYPE, encode: rawPiece, tellError: undefined },
}

function rawPiece(item: unknown): Piece {
  if (typeof item === 'string' || item instanceof Uint8Array) return item
  if (item instanceof ArrayBuffer) return new Uint8Array(item)
  const received = 'an item that is neither text nor bytes, in a stream of those'
  throw createError('EKB_ERR_NOT_SERIALISABLE', { path: '$', received })
}

/** What is left to send, from the first piece on. */
function piecesFrom(
  first: IteratorResult<unknown, unknown>,
  source: Source,
  encode: (item: unknown, number: number) => Piece,
): Pieces {
  let number = 0
  const toPiece = (result: IteratorResult<unknown, unknown>): IteratorResult<Piece, unknown> =>
    result.done === true ? { done: true, value: undefined } : { done: false, value: encode(result.value, ++number) }
  // At once: an item that cannot be sent is told of with a status of its own.
  let ready: IteratorResult<Piece, unknown> | undefined = toPiece(first)
  return {
    next: async () => {
      const piece = ready ?? toPiece(await source.next())
      ready = undefined
      return piece
    },
    return: () => source.return(),
  }
}
