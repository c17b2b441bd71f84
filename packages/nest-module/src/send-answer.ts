import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { MountAnswer } from '@ekiben/core/adapter'
import { StreamableFile } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'

/** What Fastify says of text by itself, and Nest of a value that it makes JSON of. */
const BY_ITSELF = ['text/plain; charset=utf-8', 'application/json; charset=utf-8']

/** Sets what stands before the body, and gives what a handler is to return for it: interceptors see the value itself. */
export function sendAnswer(adapter: AbstractHttpAdapter, response: object, answer: MountAnswer): unknown {
  const { statusCode, headers, value } = answer
  // Any other status is the api's own word; this one is the route's, which @HttpCode() may have changed.
  if (statusCode !== 200) adapter.status(response, statusCode)
  if (typeof value === 'object' && value !== null) {
    setHead(adapter, response, headers, 'content-type')
    return value
  }
  const returned = toReturned(answer, response)
  const [, type = ''] = headers.find(([name]) => name === 'content-type') ?? []
  const isOfNest = returned !== answer.body || type.startsWith('text')
  const isLate = isOfNest && BY_ITSELF.includes(type) && !(returned instanceof StreamableFile)
  setHead(adapter, response, headers, isLate ? 'content-type' : undefined)
  if (isLate && !('raw' in response)) typeLate(response as ExpressResponse, type, returned === null)
  return returned
}

type Headers = MountAnswer['headers']

export function setHead(adapter: AbstractHttpAdapter, response: object, headers: Headers, without?: string): void {
  for (const [name, text] of headers) {
    if (name === without) continue
    if (name === 'set-cookie') adapter.appendHeader(response, name, text)
    else adapter.setHeader(response, name, text)
  }
}

function toReturned({ headers, body, value }: MountAnswer, response: object): unknown {
  if (body instanceof Readable) return streamed(body, response)
  if (body instanceof Uint8Array) return new StreamableFile(body)
  if (value !== undefined) return value
  return body === 'null' && headers.some(([, text]) => text === BY_ITSELF[1]) ? null : body
}

interface ExpressResponse extends ServerResponse {
  send(body?: unknown): unknown
}

/** When it is sent, an interceptor may have made something of another type of it. Nest sends nothing at all for null. */
function typeLate(response: ExpressResponse, type: string, isNull: boolean): void {
  const { send } = response
  response.send = (body) => {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', type)
    return send.call(response, isNull && body === undefined ? 'null' : body)
  }
}

function streamed(body: Readable, response: object): StreamableFile {
  // A client that leaves ends what the stream comes from, whoever sends it.
  rawOf(response).once('close', () => body.destroy())
  return new StreamableFile(body).setErrorHandler(() => void rawOf(response).destroy()).setErrorLogger(() => {})
}

/** Node's own response below the platform's. */
export function rawOf(response: object): ServerResponse {
  return (response as { raw?: never }).raw ?? (response as never)
}
