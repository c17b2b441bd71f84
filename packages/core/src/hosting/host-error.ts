import { type PublicError, toPublicError } from '../errors/public-error.js'
import { ServiceError } from '../errors/service-error.js'

/** An error as a host's own handling takes it: Fastify, Nest and Express read status and message, Express and Fastify the headers. */
export interface HostError extends Error {
  readonly statusCode: number
  readonly code?: string
  readonly detail?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Of the request that it answers. */
  readonly requestId?: string
}

/**
 * What a host is given of something that was thrown: with the status and the words that a client may have. What has just
 * those already stays itself, so that the host's handlers know it; of all else it is the `cause`.
 */
export function toHostError(thrown: unknown, error: PublicError = toPublicError(thrown)): HostError {
  const headers = retryAfter(error)
  if (headers === undefined && isAsTold(thrown, error)) return thrown
  const { statusCode, code, message, detail } = error
  const made = new ServiceError(message, { statusCode, code, detail, cause: thrown })
  return Object.assign(made, { status: statusCode }, headers !== undefined && { headers })
}

/**
 * Hosts send an error's headers: its answer has the id too. One that several requests end with, as those that wait for
 * one promise do, is copied for all but the first; so is one that cannot change.
 */
export function withRequestId(error: HostError, requestId: string): HostError {
  const headers = { ...error.headers, 'x-request-id': requestId }
  if (error.requestId === undefined && Object.isExtensible(error)) return Object.assign(error, { requestId, headers })
  return copyWith(error, { requestId, headers })
}

/** An error of the same class, words and stack. */
function copyWith(error: HostError, own: Pick<HostError, 'requestId' | 'headers'>): HostError {
  const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error))
  return Object.defineProperties(copy, {
    ...Object.getOwnPropertyDescriptors(error),
    ...Object.getOwnPropertyDescriptors(own),
    // By its value: a getter of Node's knows no more than the error it is of.
    stack: { value: error.stack, configurable: true, writable: true },
  })
}

function isAsTold(thrown: unknown, { statusCode, message }: PublicError): thrown is HostError {
  if (!(thrown instanceof Error) || thrown.message !== message) return false
  const { statusCode: own, status = own } = thrown as { statusCode?: unknown; status?: unknown }
  return (own ?? status) === statusCode && status === statusCode
}

function retryAfter({ statusCode, retryAfterMs = 1_000 }: PublicError): Record<string, string> | undefined {
  if (statusCode !== 429 && statusCode !== 503) return undefined
  return { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
}
