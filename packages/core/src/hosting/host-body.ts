import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { createError } from '../errors/service-error.js'
import { formInput } from '../http/form-input.js'
import { isMultipart, mediaType, parseInput, ReadInput } from '../http/parse-input.js'
import { checkBodyHead, checkBodyLength, collectBody } from '../http/read-body.js'
import { receiveFiles } from '../http/receive-files.js'
import type { RequestFiles } from '../http/request-files.js'
import type { ApiRoute } from '../http/route-table.js'
import type { MountRequest } from './mount-types.js'

/** The input of a request whose body the host's parsers have read. */
export function parsedInput(route: ApiRoute, { headers, body }: MountRequest): unknown {
  // A parser of the host's may take more than the api does.
  checkBodyLength(headers, route.bodyLimitBytes)
  return fromParsed(route, headers, body)
}

/** The input of one whose body is still to be read. */
export async function readInput(
  route: ApiRoute,
  request: MountRequest,
  makeFiles: () => RequestFiles,
): Promise<ReadInput> {
  const { headers, stream } = request
  checkBodyHead(request, route.bodyLimitBytes)
  const contentType = headers['content-type']
  if (stream === undefined) return new ReadInput(parseInput(route, contentType, NOTHING))
  const isRead = wasRead(stream)
  if (isRead && hasBody(headers, stream)) throw createError('EKB_ERR_BODY_CONSUMED', { type: contentType ?? 'none' })
  if (isMultipart(route.input, contentType) || route.input === 'binary')
    return receiveFiles({ stream, contentType }, route, makeFiles())
  // It may have ended before: nothing would come any more, not even its end.
  return new ReadInput(parseInput(route, contentType, isRead ? NOTHING : await collectBody(stream, route)))
}

const NOTHING = new Uint8Array(0)

function fromParsed(route: ApiRoute, headers: IncomingHttpHeaders, body: unknown): unknown {
  const contentType = headers['content-type']
  // What nearly every request is.
  if (contentType === 'application/json' && isPlain(body)) return body
  if (body instanceof Uint8Array) return parseInput(route, contentType, body)
  if (typeof body === 'string' && mediaType(contentType) !== 'application/json') {
    return parseInput(route, contentType, Buffer.from(body))
  }
  if (isMultipart(route.input, contentType)) throw createError('EKB_ERR_BODY_CONSUMED', { type: contentType ?? 'none' })
  if (mediaType(contentType) === 'application/x-www-form-urlencoded' && typeof body === 'object') {
    const entries = Object.entries(body as object).flatMap(([name, values]: [string, unknown]) =>
      [values].flat().map((value) => ({ name, value: typeof value === 'string' ? value : JSON.stringify(value) })),
    )
    return formInput(entries, route.fields)
  }
  return body
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** Has somebody taken the body from it already? */
function wasRead(stream: NonNullable<MountRequest['stream']>): boolean {
  return stream.readableEnded || stream.destroyed || (stream.readableDidRead && stream.readableLength === 0)
}

function hasBody(
  { 'content-length': length, 'transfer-encoding': encoding }: IncomingHttpHeaders,
  request: Readable & Http2Request,
): boolean {
  if (encoding !== undefined) return true
  // HTTP/2 needs no header to have one.
  return length === undefined ? request.stream?.endAfterHeaders === false : Number(length) > 0
}

interface Http2Request {
  readonly stream?: { readonly endAfterHeaders?: boolean }
}
