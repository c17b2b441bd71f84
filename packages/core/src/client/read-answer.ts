import type { AnswerKind, ApiShape } from './api-shape.js'
import { clientError } from './client-error.js'
import { cutError, type OpenStream, readBytes, readEvents, readItems, readText } from './read-stream.js'

const NDJSON = 'application/x-ndjson'
const EVENTS = 'text/event-stream'

/** The value of an answer: whole, or an iterable of its items where it is a stream, or is to be read as one. */
export async function readAnswer(stream: OpenStream, shape: ApiShape, isIterated: boolean): Promise<unknown> {
  const type = mediaType(stream.response)
  const isNamedStream = shape.answer === 'auto' && (type === NDJSON || type === EVENTS)
  if (isNamedStream || shape.isStream || isIterated) {
    stream.limit.liftTimeout()
    return streamOf(stream, type, shape)
  }
  const value = await readWhole(stream, shape.answer === 'auto' ? kindOf(type) : shape.answer)
  stream.limit.release()
  return value
}

function streamOf(stream: OpenStream, type: string, { answer }: ApiShape): AsyncIterable<unknown> {
  if (answer === 'auto' && type === NDJSON) return readItems(stream)
  if (answer === 'auto' && type === EVENTS && !isOfBentoml(stream.response)) return readEvents(stream)
  const kind = answer === 'auto' ? kindOf(type) : answer
  if (kind === 'text') return readText(stream)
  if (kind === 'blob') return readBytes(stream)
  stream.limit.cancel()
  throw clientError('EKB_ERR_CLIENT_ANSWER', { what: stream.what, reason: `it is ${type || 'nothing'}, and no stream` })
}

/** BentoML calls all its streams events, and sends pieces of text without the form of events. */
function isOfBentoml({ headers }: Response): boolean {
  return headers.has('x-bentoml-request-id') || (headers.get('server') ?? '').includes('BentoML')
}

async function readWhole({ what, response, limit }: OpenStream, kind: AnswerKind): Promise<unknown> {
  // No Content.
  if (response.status === 204) return undefined
  try {
    if (kind === 'blob') return await readBlob(response)
    const text = await response.text()
    return kind === 'text' ? text : parseJson(text, what)
  } catch (error) {
    limit.release()
    throw isAnswerError(error) ? error : cutError(what, limit, error)
  }
}

function isAnswerError(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'EKB_ERR_CLIENT_ANSWER'
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw clientError('EKB_ERR_CLIENT_ANSWER', { what, reason: 'it is no JSON' }, { cause })
  }
}

async function readBlob(response: Response): Promise<Blob> {
  const type = response.headers.get('content-type') ?? ''
  const content = await response.blob()
  const name = fileName(response.headers.get('content-disposition') ?? '')
  return name === undefined ? new Blob([content], { type }) : new File([content], name, { type })
}

/** `filename*` is the one that may hold any character. Folders are not the server's to choose. */
export function fileName(disposition: string): string | undefined {
  const encoded = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1]
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1]?.replace(/\\(.)/g, '$1')
  const name = decoded(encoded) ?? quoted ?? /;\s*filename\s*=\s*([^;"\s]+)/i.exec(disposition)?.[1]
  return name?.split(/[\\/]/).at(-1) || undefined
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function kindOf(type: string): AnswerKind {
  if (type === 'application/json' || type.endsWith('+json')) return 'json'
  return type.startsWith('text/') ? 'text' : 'blob'
}

function mediaType({ headers }: Response): string {
  return (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
