import { HttpException } from '@nestjs/common'

/** What Nest's filters are given of what a mount refused with. */
interface Refusal extends Error {
  readonly statusCode?: number
  readonly code?: string
  readonly detail?: unknown
  readonly requestId?: string
}

/**
 * An HttpException of the service's stays itself, and so does an error that says nothing of a status: an app's filters
 * know it by its class, and Nest's own answers it with 500 and none of its words. All else becomes an HttpException with
 * the status and the words that a client may have.
 */
export function toException(thrown: unknown): unknown {
  if (thrown instanceof HttpException || !(thrown instanceof Error)) return thrown
  const { statusCode = 500, message, code, detail, requestId, cause } = thrown as Refusal
  if (cause instanceof HttpException || (statusCode === 500 && isPlain(cause))) return cause
  const body = { statusCode, message, code, ...(detail !== undefined && { detail }), requestId }
  return new HttpException(body, statusCode, { cause: cause ?? thrown })
}

/** Nest's own filter would show the message of an error that has a status. */
function isPlain(error: unknown): boolean {
  return error instanceof Error && !('statusCode' in error) && !('status' in error)
}
