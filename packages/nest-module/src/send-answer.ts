import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { MountAnswer } from '@ekiben/core/adapter'
import { StreamableFile } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'

/** A response as both platforms have it: Express's is Node's own. */
export interface NestResponse {
  readonly raw?: ServerResponse
  /** Of Fastify. */
  readonly request?: object
  /** Of Express. */
  readonly req?: object
}

const TEXT = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

/** Sets what stands before the body, and gives what a handler is to return for it: interceptors see the value itself. */
export function sendAnswer(adapter: AbstractHttpAdapter, response: NestResponse, answer: MountAnswer): unknown {
  const { statusCode, headers, body, value } = answer
  // Any other status is the api's own word; this one is the route's, which @HttpCode() may have changed.
  if (statusCode !== 200) adapter.status(response, statusCode)
  if (typeof value === 'object' && value !== null) {
    setHead(adapter, response, headers, 'content-type')
    return value
  }
  if (body instanceof Readable || body instanceof Uint8Array) {
    setHead(adapter, response, headers)
    return body instanceof Readable ? streamed(body, response) : new StreamableFile(body)
  }
  const [, type] = headers.find(([name]) => name === 'content-type') ?? []
  const returned = value ?? (type === JSON_TYPE && body === 'null' ? null : body)
  // Said by the platform of what interceptors leave, unless the api says it.
  const isBySender = type === (typeof returned === 'string' ? TEXT : JSON_TYPE)
  setHead(adapter, response, headers, isBySender ? 'content-type' : undefined)
  if (isBySender && response.raw === undefined) typeLate(response as ExpressResponse, type, returned === null)
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

interface ExpressResponse extends ServerResponse {
  send(body?: unknown): unknown
}

/** Express takes text for HTML, and Nest sends nothing at all for null. */
function typeLate(response: ExpressResponse, type: string, isNull: boolean): void {
  const { send } = response
  response.send = (body) => {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', type)
    return send.call(response, isNull && body === undefined ? 'null' : body)
  }
}

function streamed(body: Readable, response: NestResponse): StreamableFile {
  // A client that leaves ends what the stream comes from, whoever sends it.
  rawOf(response).once('close', () => body.destroy())
  return new StreamableFile(body).setErrorHandler(() => void rawOf(response).destroy()).setErrorLogger(() => {})
}

/** Node's own response below the platform's. */
export function rawOf(response: NestResponse): ServerResponse {
  return response.raw ?? (response as ServerResponse)
}
