import { nearNames } from '../util/near-names.js'
import type { ApiShape } from './api-shape.js'
import { baseUrl, checkTimeout } from './call-target.js'
import { clientError } from './client-error.js'
import { clientMethods } from './client-methods.js'
import type { ConnectClientOptions, DynamicClient, HttpClient } from './client-types.js'
import { fetchSchema, whenReady } from './fetch-schema.js'

/**
 * A client of any service that says at `/schema.json` what it offers, of Ekiben or BentoML: it has a method for each
 * api, under its own route, and sends inputs and reads answers as the schemas say. `connectClient<typeof X>(url)` is
 * typed as the client of `X`.
 *
 * @example
 * const client = await connectClient('http://127.0.0.1:3000', { readyWithinMs: 30_000 })
 * const summary = await client.summarize?.({ text: 'A long text' })
 *
 * @throws ClientError `EKB_ERR_CLIENT_UNREACHABLE`, `EKB_ERR_CLIENT_SCHEMA`, `EKB_ERR_CLIENT_OPTION`; a method that is
 * no api: `EKB_ERR_CLIENT_NO_API`.
 */
export async function connectClient<T = unknown>(
  url: string | URL,
  options: ConnectClientOptions = {},
): Promise<unknown extends T ? DynamicClient : HttpClient<T>> {
  const base = baseUrl(url)
  const { readyWithinMs, timeoutMs } = options
  checkTimeout(timeoutMs)
  if (readyWithinMs !== undefined && readyWithinMs !== 0) {
    checkTimeout(readyWithinMs, 'readyWithinMs')
    await whenReady(base, options)
  }
  const shapes = await fetchSchema(base, options)
  const source = {
    has: (name: string) => shapes.has(name),
    shapeOf: (name: string) => findShape(shapes, name, base),
  }
  const client = clientMethods(base, source, options)
  return client as unknown extends T ? DynamicClient : HttpClient<T>
}

/** The api of that name. Throws `EKB_ERR_CLIENT_NO_API`, with near names. */
export function findShape(shapes: ReadonlyMap<string, ApiShape>, name: string, base: string): ApiShape {
  const shape = shapes.get(name)
  if (shape !== undefined) return shape
  const apis = [...shapes.keys()]
  throw clientError('EKB_ERR_CLIENT_NO_API', { url: base, api: name, apis, near: nearNames(name, apis) })
}
