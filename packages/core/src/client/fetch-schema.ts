import type { ApiShape } from './api-shape.js'
import { CallLimit } from './call-limit.js'
import { joinHeaders } from './call-target.js'
import { clientError, isClientError } from './client-error.js'
import { headersOf } from './client-methods.js'
import type { ClientOptions, ConnectClientOptions } from './client-types.js'
import { networkReason } from './network-reason.js'
import { parseSchema } from './parse-schema.js'

const LOOK_AGAIN_MS = 100

/** The apis that the server at `base` says it has. Throws `EKB_ERR_CLIENT_SCHEMA` where it does not say. */
export async function fetchSchema(base: string, options: ClientOptions): Promise<ReadonlyMap<string, ApiShape>> {
  const url = `${base}/schema.json`
  const { status, text } = await get(url, options)
  if (status !== 200) throw clientError('EKB_ERR_CLIENT_SCHEMA', { url, reason: `it answers with ${status}` })
  const shapes = parseSchema(parse(text))
  if (shapes === undefined) throw clientError('EKB_ERR_CLIENT_SCHEMA', { url, reason: 'it lists no routes' })
  return shapes
}

/** Resolves when the server says that it is ready. */
export async function whenReady(base: string, options: ConnectClientOptions): Promise<void> {
  const { readyWithinMs = 0 } = options
  const url = `${base}/readyz`
  const giveUpAt = performance.now() + readyWithinMs
  let reason: string | undefined
  for (;;) {
    const timeoutMs = Math.max(1, giveUpAt - performance.now())
    const earlier: string | undefined = reason
    reason = await get(url, { ...options, timeoutMs }).then(
      ({ status }) => (status === 200 ? undefined : `it answers with ${status}`),
      (error: unknown) => {
        // The last time there may be no time left to answer in: what was answered before says more.
        if (isClientError(error, 'EKB_ERR_CLIENT_TIMEOUT') && earlier !== undefined) return earlier
        return isClientError(error) ? error.message : networkReason(error)
      },
    )
    if (reason === undefined) return
    if (performance.now() + LOOK_AGAIN_MS >= giveUpAt) {
      const waited = `not ready within ${readyWithinMs} ms; ${reason}`
      throw clientError('EKB_ERR_CLIENT_UNREACHABLE', { what: `GET ${url}`, reason: waited })
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}

async function get(url: string, options: ClientOptions): Promise<{ status: number; text: string }> {
  const what = `GET ${url}`
  const limit = new CallLimit({ what, signal: undefined, timeoutMs: options.timeoutMs })
  const carrier = options.fetch ?? globalThis.fetch
  try {
    const own = await limit.within(() => headersOf(options))
    const headers = joinHeaders({ accept: 'application/json, */*;q=0.5' }, own)
    const response = await carrier(url, { method: 'GET', headers, signal: limit.signal })
    return { status: response.status, text: await response.text() }
  } catch (cause) {
    if (limit.signal.aborted) throw limit.signal.reason
    if (isClientError(cause)) throw cause
    throw clientError('EKB_ERR_CLIENT_UNREACHABLE', { what, reason: networkReason(cause) }, { cause })
  } finally {
    limit.release()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
