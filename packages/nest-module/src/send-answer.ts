import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { MountAnswer } from '@ekiben/core/adapter'
import { StreamableFile } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'
import { type ExpressResponse, prepareExpress } from './express-json.js'

/** A response as both platforms have it: Fastify's has Node's own below it, Express's is that. */
export type NestResponse = ServerResponse | FastifyReply

type FastifyReply = { readonly raw: ServerResponse }

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
  if (type === undefined) return body
  if (!isFastify(adapter)) prepareExpress(response as ExpressResponse, { value, type })
  return value
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

/** Node's own response. To look for `raw` on one of Express's takes longer than to ask what the app is on. */
export function rawOf(adapter: AbstractHttpAdapter, response: NestResponse): ServerResponse {
  return isFastify(adapter) ? (response as FastifyReply).raw : (response as ServerResponse)
}

export function isFastify(adapter: AbstractHttpAdapter): boolean {
  return adapter.getType() === 'fastify'
}
