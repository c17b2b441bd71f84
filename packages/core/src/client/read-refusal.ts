import type { CallLimit } from './call-limit.js'
import { ClientError, clientError } from './client-error.js'
import { parseRetryAfter, type RefusalBody, refusalOf } from './parse-refusal.js'

/** The error that an answer of status 400 or above is; waits for its body. */
export async function readRefusal(
  response: Response,
  { what, limit }: { readonly what: string; readonly limit: CallLimit },
): Promise<ClientError> {
  let text: string
  try {
    text = await response.text()
  } catch {
    if (limit.signal.aborted) throw limit.signal.reason
    // Its status says enough.
    text = ''
  }
  const { status: statusCode, headers } = response
  const refusal = refusalOf(text)
  const requestId = refusal.requestId ?? headers.get('x-request-id') ?? headers.get('x-bentoml-request-id') ?? undefined
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'))
  const base = clientError('EKB_ERR_CLIENT_REFUSED', {
    what,
    statusCode,
    reason: refusal.message ?? (response.statusText || 'no reason was given'),
  })
  const { code = base.code, detail } = refusal
  const options = { statusCode, detail, requestId, retryAfterMs, hint: base.hint }
  const retryable = isRetryable(statusCode, code)
  // What a server of ours says of itself is a sentence; another's may be a word.
  return new ClientError(refusal.code === undefined ? base.message : (refusal.message ?? base.message), {
    ...options,
    code,
    retryable,
  })
}

/** The error that a stream ended with. */
export function streamError(body: RefusalBody, what: string): ClientError {
  const { message = 'no reason was given', code, statusCode, detail, requestId } = body
  const base = clientError('EKB_ERR_CLIENT_CUT', { what, reason: message })
  return code === undefined
    ? base
    : new ClientError(message, { code, statusCode, detail, requestId, hint: 'The log of the server says more.' })
}

/** A 502 of ours is a refusal from further behind; one of a proxy is a server that is just away. */
function isRetryable(statusCode: number, code: string): boolean {
  return statusCode === 429 || statusCode === 503 || (statusCode === 502 && code === 'EKB_ERR_CLIENT_REFUSED')
}
