import type { CallLimit } from './call-limit.js'
import { type ClientError, clientError, isClientError } from './client-error.js'
import type { FetchLike } from './client-types.js'
import type { EncodedInput } from './encode-input.js'
import { networkReason } from './network-reason.js'
import { readRefusal } from './read-refusal.js'

export interface CallRequest {
  /** The call, in messages: `POST http://…/classify`. */
  readonly what: string
  readonly url: string
  readonly input: EncodedInput
  readonly headers: Headers
  /** It may run twice without harm. */
  readonly idempotent: boolean
  readonly fetch: FetchLike
}

const MAX_TRIES = 3
const FIRST_WAIT_MS = 100
/** A server that asks for more is not waited for. */
const MAX_WAIT_MS = 5_000

/** Sends a request and gives its answer once that has begun, of a status below 400; throws a ClientError otherwise. */
export async function sendCall(request: CallRequest, limit: CallLimit): Promise<Response> {
  for (let tries = 1; ; tries++) {
    try {
      return await sendOnce(request, limit)
    } catch (error) {
      const waitMs = request.idempotent && tries < MAX_TRIES ? waitBeforeRetry(error, tries) : undefined
      if (waitMs === undefined) throw error
      await wait(waitMs, limit.signal)
    }
  }
}

/** The same in one try. */
export async function sendOnce({ what, url, input, headers, fetch }: CallRequest, limit: CallLimit): Promise<Response> {
  let response: Response
  try {
    const { body } = input
    const init = { method: 'POST', headers, signal: limit.signal, ...(body !== undefined && { body }) }
    response = await fetch(url, init as RequestInit)
  } catch (cause) {
    if (limit.signal.aborted) throw limit.signal.reason
    throw clientError('EKB_ERR_CLIENT_UNREACHABLE', { what, reason: networkReason(cause) }, { cause })
  }
  if (response.status < 400) return response
  throw await readRefusal(response, { what, limit })
}

/** undefined: to try again would not help. */
function waitBeforeRetry(error: unknown, tries: number): number | undefined {
  if (!isClientError(error) || !error.retryable) return undefined
  const waitMs = (error as ClientError).retryAfterMs ?? FIRST_WAIT_MS * 2 ** (tries - 1)
  return waitMs <= MAX_WAIT_MS ? waitMs : undefined
}

/** Rejects as soon as the signal aborts. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
