import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { MountAnswer } from '@ekiben/core/adapter'
import { StreamableFile } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'

/** A response as both platforms have it: Fastify's has Node's own below it, Express's is that. */
export type NestResponse = ServerResponse | FastifyReply

type FastifyReply = { readonly raw: ServerResponse }

type ExpressResponse = ServerResponse & { send(body?: unknown): unknown }

/** Sets what stands before the body, and gives what a handler is to return for it: interceptors see the value itself. */
export function sendAnswer(adapter: AbstractHttpAdapter, response: NestResponse, answer: MountAnswer): unknown {
  const { statusCode, headers, body, value, type } = answer
  // Any other status is the api's own word; this one is the route's, which @HttpCode() may have changed.
  if (statusCode !== 200) adapter.status(response, statusCode)
  setHead(adapter, response, headers)
  if (body instanceof Uint8Array) return new StreamableFile(body)
  if (body instanceof Readable) {
    return new StreamableFile(body)
      .setErrorHandler(() => void rawOf(adapter, response).destroy())
      .setErrorLogger(() => {})
  }
  const isObject = typeof value === 'object' && value !== null
  if (type !== undefined && !isObject && !isFastify(adapter))
    typeLate(response as ExpressResponse, type, value === null)
  return type === undefined ? body : value
}

export function setHead(adapter: AbstractHttpAdapter, response: NestResponse, headers: MountAnswer['headers']): void {
  const raw = isFastify(adapter) ? undefined : (response as ServerResponse)
  for (const [name, text] of headers) {
    if (name === 'set-cookie') adapter.appendHeader(response, name, text)
    // All that Express does beside this is for types.
    else if (raw === undefined || name === 'content-type') adapter.setHeader(response, name, text)
    else raw.setHeader(name, text)
  }
}

/** Express takes text for HTML, and Nest sends nothing at all for null. */
function typeLate(response: ExpressResponse, type: string, isNull: boolean): void {
  const { send } = response
  response.send = (body) => {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', type)
    return send.call(response, isNull && body === undefined ? 'null' : body)
  }
}

/** Node's own response. To look for `raw` on one of Express's takes longer than to ask what the app is on. */
export function rawOf(adapter: AbstractHttpAdapter, response: NestResponse): ServerResponse {
  return isFastify(adapter) ? (response as FastifyReply).raw : (response as ServerResponse)
}

export function isFastify(adapter: AbstractHttpAdapter): boolean {
  return adapter.getType() === 'fastify'
}
