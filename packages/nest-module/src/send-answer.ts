import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { MountAnswer } from '@ekiben/core/adapter'
import { StreamableFile } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'

/** Sets what stands before the body, and gives what a handler is to return for it: interceptors see the value itself. */
export function sendAnswer(adapter: AbstractHttpAdapter, response: object, answer: MountAnswer): unknown {
  const { statusCode, headers, body, value } = answer
  const isObject = typeof value === 'object' && value !== null
  // Any other status is the api's own word; this one is the route's, which @HttpCode() may have changed.
  if (statusCode !== 200) adapter.status(response, statusCode)
  for (const [name, text] of headers) {
    // Nest says what an object is by itself, and an interceptor may make something else of it.
    if (isObject && name === 'content-type') continue
    if (name === 'set-cookie') adapter.appendHeader(response, name, text)
    else adapter.setHeader(response, name, text)
  }
  if (body instanceof Readable) return streamed(body, response)
  if (body instanceof Uint8Array) return new StreamableFile(body)
  if (value !== undefined && value !== null) return value
  if (body !== 'null' || !headers.some(isJson)) return body
  keepNull(response)
  return null
}

function isJson([name, text]: readonly [string, string]): boolean {
  return name === 'content-type' && text.startsWith('application/json')
}

function streamed(body: Readable, response: object): StreamableFile {
  // A client that leaves ends what the stream comes from, whoever sends it.
  rawOf(response).once('close', () => body.destroy())
  return new StreamableFile(body).setErrorHandler(() => void rawOf(response).destroy()).setErrorLogger(() => {})
}

/** Nest's Express sends nothing at all for null. */
function keepNull(response: object): void {
  const { send } = response as { send(body?: unknown): unknown }
  if ('raw' in response) return
  Object.assign(response, { send: (body: unknown = 'null') => send.call(response, body) })
}

/** Node's own response below the platform's. */
export function rawOf(response: object): ServerResponse {
  return (response as { raw?: never }).raw ?? (response as never)
}
