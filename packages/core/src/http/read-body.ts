import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createError } from '../errors/service-error.js'

const EMPTY = new Uint8Array(0)

export interface BodyLimit {
  readonly bodyLimitBytes: number
}

/** RFC 9112, 3.2: without Host an HTTP/1.1 request is not valid. */
export function checkHost({ httpVersion, headers }: IncomingMessage): void {
  if (headers.host === undefined && httpVersion === '1.1') {
    throw createError('EKB_ERR_HTTP_MALFORMED', { reason: 'it has no Host header' })
  }
}

/** Throws if the head alone says that the body will not be read: too large, or encoded. */
export function checkBodyHead({ headers }: { readonly headers: IncomingHttpHeaders }, limit: number): void {
  const { 'content-encoding': encoding } = headers
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    const received = `content-encoding: ${encoding}`
    throw createError('EKB_ERR_MEDIA_TYPE', { received, expected: 'the body without content-encoding' })
  }
  checkBodyLength(headers, limit)
}

/** Throws if the head says that the body is too large. */
export function checkBodyLength({ 'content-length': length }: IncomingHttpHeaders, limit: number): void {
  if (length !== undefined && Number(length) > limit) throw createError('EKB_ERR_BODY_TOO_LARGE', { limit })
}

/**
 * The body of a request that has arrived as a whole, of the length its head told; undefined: it has not. The parser
 * says `complete` only after it has handed over the last piece, and lets promises run in between.
 */
export function takeBody(request: IncomingMessage): Uint8Array | undefined {
  if (request.readableLength !== Number(request.headers['content-length'])) return undefined
  return request.read() ?? EMPTY
}

/**
 * The body, piece by piece. Rejects when it grows beyond the limit (the rest is read and dropped, so that the client
 * gets to see its answer) and when the connection breaks. Slow senders are Node's to stop: `headersTimeout`,
 * `requestTimeout`.
 */
export function collectBody(request: Readable, { bodyLimitBytes: limit }: BodyLimit): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let chunks: Buffer[] | undefined
    let length = 0
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      if (length > limit) {
        request.off('data', onData)
        request.resume()
        reject(createError('EKB_ERR_BODY_TOO_LARGE', { limit }))
      } else if (first === undefined) {
        first = chunk
      } else {
        chunks ??= [first]
        chunks.push(chunk)
      }
    }
    request.on('data', onData)
    request.on('end', () => resolve(chunks === undefined ? (first ?? EMPTY) : Buffer.concat(chunks, length)))
    request.on('error', reject)
  })
}

/** The body as it comes in. Where its reader stops early the rest is dropped, and its client can be answered. */
export async function* bodyPieces(request: Readable, { bodyLimitBytes: limit }: BodyLimit): AsyncGenerator<Buffer> {
  let length = 0
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += piece.length
      if (length > limit) throw createError('EKB_ERR_BODY_TOO_LARGE', { limit })
      yield piece
    }
  } finally {
    request.resume()
  }
}
