import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { BusboyConfig, BusboyInstance } from '@fastify/busboy'
import { createError } from '../errors/service-error.js'
import { deferred } from '../util/deferred.js'
import { baseName, MAX_FORM_FIELDS, type PartHead } from './form-input.js'
import type { RequestFiles } from './request-files.js'

/** One part of a multipart body, as it came. */
export interface FormPart {
  readonly name: string
  readonly head: PartHead
  readonly content: Uint8Array | Blob
}

const MAX_NAME_LENGTH = 256
/** The most bytes that file systems take: saved under a longer one, the file of a client would fail the api. */
const MAX_FILE_NAME_BYTES = 255
const MAX_HEAD_BYTES = 16 * 1024
/** Encodings that leave the bytes as they are; RFC 7578 knows no others any more. */
const PLAIN_ENCODINGS: readonly string[] = ['7bit', '8bit', 'binary']

/** The parts of a multipart body, in their order. Rejects with 400 for one that is cut short or is none. */
export async function readMultipart(
  pieces: AsyncIterable<Uint8Array>,
  contentType: string,
  files: RequestFiles,
): Promise<readonly FormPart[]> {
  const parser = createParser(contentType)
  const failed = deferred<never>()
  const finished = deferred()
  const stopped = new AbortController()
  const streams: Readable[] = []
  const kept: Promise<FormPart>[] = []
  // The parser's own types say less: what a part does not have is undefined.
  parser.on('file', (...[name, stream, fileName, encoding, type]: PartEvent) => {
    // It may fail when nobody reads it any more.
    stream.on('error', () => {})
    streams.push(stream)
    const part = keepPart({ name, fileName, encoding, type }, stream, files)
    part.catch(failed.reject)
    kept.push(part)
  })
  parser.on('partsLimit', () => failed.reject(invalid(`it has more than ${MAX_FORM_FIELDS} parts`)))
  parser.on('error', (error) => failed.reject(invalid((error as Error).message)))
  parser.on('finish', () => finished.resolve())
  try {
    await Promise.race([feed(parser, pieces, stopped.signal), failed.promise])
    await Promise.race([finished.promise, failed.promise])
    const parts = await Promise.all(kept)
    if (partsSeen(parser) === parts.length) return parts
    throw invalid(`a part has no name, or a head of more than ${MAX_HEAD_BYTES} bytes`)
  } catch (error) {
    stopped.abort()
    for (const stream of streams) stream.destroy()
    await Promise.allSettled(kept)
    throw error
  }
}

/** Parts whose head does not say what they are it drops without a word, but counts. */
function partsSeen(parser: BusboyInstance): number | undefined {
  return (parser as { _parser?: { _nparts?: number } })._parser?._nparts
}

async function feed(parser: BusboyInstance, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  for await (const piece of pieces) {
    if (signal.aborted) return
    if (!parser.write(piece)) await once(parser, 'drain', { signal })
  }
  parser.end()
}

function createParser(contentType: string): BusboyInstance {
  // Loaded on demand, and by `require`: Jest's default runtime cannot import() from CommonJS.
  const { Busboy } = require('@fastify/busboy') as typeof import('@fastify/busboy')
  const config: BusboyConfig = {
    headers: { 'content-type': contentType },
    // Fields as well: what they hold is decoded here, where it can be refused.
    isPartAFile: () => true,
    limits: { parts: MAX_FORM_FIELDS, headerSize: MAX_HEAD_BYTES },
  }
  try {
    return new Busboy(config)
  } catch (cause) {
    throw invalid((cause as Error).message, cause)
  }
}

type PartEvent = [
  name: string | undefined,
  stream: Readable,
  fileName: string | undefined,
  encoding: string,
  type: string,
]

interface PartAsSent {
  readonly name: string | undefined
  readonly fileName: string | undefined
  readonly encoding: string
  readonly type: string
}

async function keepPart(
  { name, fileName, encoding, type }: PartAsSent,
  stream: Readable,
  files: RequestFiles,
): Promise<FormPart> {
  if (name === undefined) throw invalid('a part has no name')
  if (name.length > MAX_NAME_LENGTH) throw invalid(`the name of a field has more than ${MAX_NAME_LENGTH} characters`)
  if (name.includes('\ufffd')) throw invalid('the name of a field is no valid UTF-8')
  if (!PLAIN_ENCODINGS.includes(encoding.toLowerCase())) {
    throw invalid(`its field '${name}' has the content-transfer-encoding '${encoding}', which is not decoded`)
  }
  const lastStep = fileName === undefined ? undefined : baseName(fileName)
  if (lastStep !== undefined && Buffer.byteLength(lastStep) > MAX_FILE_NAME_BYTES) {
    throw invalid(`the file of its field '${name}' has a name of more than ${MAX_FILE_NAME_BYTES} bytes`)
  }
  return { name, head: { fileName: lastStep, type: type.toLowerCase() }, content: await keepContent(stream, files) }
}

async function keepContent(stream: Readable, files: RequestFiles): Promise<Uint8Array | Blob> {
  try {
    return await files.keep(stream)
  } catch (cause) {
    if ((cause as { code?: unknown }).code?.toString().startsWith('EKB_') === true) throw cause
    throw invalid((cause as Error).message, cause)
  }
}

function invalid(reason: string, cause?: unknown): Error {
  return createError(
    'EKB_ERR_BODY_INVALID',
    { reason: `it is no valid multipart, ${reason}` },
    cause === undefined ? {} : { cause },
  )
}
