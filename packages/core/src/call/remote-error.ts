import { type ClientError, isClientError } from '../client/client-error.js'
import type { Unsendable } from '../client/find-unsendable.js'
import { networkCodes, networkReason } from '../client/network-reason.js'
import { createError, ServiceError } from '../errors/service-error.js'
import type { FailedTry } from './choose-retry.js'
import { ServiceCallError } from './service-call-error.js'

/** A call of a service elsewhere, in messages. They are for the log: what a client gets to read names no address. */
export interface RemoteCallName {
  readonly service: string
  readonly api: string
  /** Without user and password. */
  readonly url: string
  /** What was left until its deadline when it was made. */
  readonly timeoutMs: number
}

/** What the client over HTTP says of a server that refuses without a code of its own. */
const NO_CODE = 'EKB_ERR_CLIENT_REFUSED'

/** With these no connection came about, so nothing was sent. */
const UNSENT = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'],
  ...['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'EADDRNOTAVAIL'],
])
/** With these it ended before its answer. */
const LOST = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ECONNABORTED'])
/** The platform's own limit on how long an answer may take to begin, or to go on. */
const TOO_LATE = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** What a failure says of whether the call ran. */
export function failureOf(error: unknown): FailedTry {
  if (!isClientError(error)) return 'final'
  const { statusCode, code, cause } = error
  if (statusCode === 429 || statusCode === 503) return 'busy'
  if (statusCode !== undefined) return 'final'
  const codes = networkCodes(cause)
  if (code === 'EKB_ERR_CLIENT_UNREACHABLE' && codes.length > 0 && codes.every((each) => UNSENT.has(each))) {
    return 'unsent'
  }
  return codes.some((each) => LOST.has(each)) ? 'lost' : 'final'
}

/** What a failure of the client over HTTP is to the service that called: coded as one of a service on this machine. */
export function toDependencyError(error: unknown, call: RemoteCallName): Error {
  if (!isClientError(error)) return error as Error
  if (error.statusCode !== undefined) return toRefusal(error, error.statusCode, call)
  const what = `${call.service}.${call.api} (${call.url})`
  const { code, message, cause } = error
  const reason = cause === undefined ? message : networkReason(cause)
  switch (code) {
    case 'EKB_ERR_CLIENT_INPUT': {
      return createError('EKB_ERR_NOT_SERIALISABLE', { ...(error.detail as Unsendable), to: what })
    }
    case 'EKB_ERR_CLIENT_TIMEOUT':
      return createError('EKB_ERR_TIMEOUT', { what, timeoutMs: Math.ceil(call.timeoutMs) })
    case 'EKB_ERR_CLIENT_ABORTED':
      return createError('EKB_ERR_ABORTED', { what })
    case 'EKB_ERR_CLIENT_UNREACHABLE':
    case 'EKB_ERR_CLIENT_CUT':
      return toBroken(error, call, { what, reason })
    default:
      return createError('EKB_ERR_CALL_PROTOCOL', { reason: message }, { cause: error })
  }
}

function toBroken(error: ClientError, call: RemoteCallName, { what, reason }: { what: string; reason: string }): Error {
  const options = { cause: error }
  const { service, api, url } = call
  if (networkCodes(error.cause).some((each) => TOO_LATE.has(each))) {
    return createError('EKB_ERR_TIMEOUT', { what, timeoutMs: PLATFORM_LIMIT_MS }, options)
  }
  if (error.code === 'EKB_ERR_CLIENT_UNREACHABLE') {
    return createError('EKB_ERR_DEPENDENCY_DOWN', { service, url, reason }, options)
  }
  const cut = error.cause === undefined ? error.message : `its answer broke off: ${reason}`
  return createError('EKB_ERR_WORKER_LOST', { service, method: `${api} (${url})`, reason: cut }, options)
}

/** How long fetch waits for an answer to begin, and for each further piece. */
const PLATFORM_LIMIT_MS = 300_000

/** It was answered, with an error. */
function toRefusal(error: ClientError, statusCode: number, call: RemoteCallName): Error {
  const { service, api, url } = call
  const { code, detail, retryAfterMs } = error
  const message = error.message.replace(/^POST \S+ was refused with \d+: /, '')
  const isOverload = statusCode === 429 && (code === NO_CODE || code === 'EKB_ERR_OVERLOADED')
  if (isOverload || code === 'EKB_ERR_OVERLOADED') {
    const options = { statusCode, cause: error, ...(retryAfterMs !== undefined && { detail: { retryAfterMs } }) }
    return createError('EKB_ERR_OVERLOADED', { service: `${service} (${url})`, queued: undefined }, options)
  }
  if (statusCode < 500) {
    const own = code === NO_CODE ? 'EKB_ERR_INTERNAL' : code
    const answer = { statusCode, code: own, message, detail, origin: undefined }
    return new ServiceCallError({ service, method: `${api} (${url})` }, answer, error)
  }
  const own = retryAfterMs === undefined ? detail : { retryAfterMs }
  // What it told its own client need not be for ours: not exposed.
  return new ServiceError(`${service}.${api} (${url}) failed with ${statusCode}: ${message}`, {
    code: code === NO_CODE ? codeOf(statusCode) : code,
    statusCode,
    cause: error,
    expose: false,
    retryable: error.retryable,
    ...(own !== undefined && { detail: own }),
    hint: 'Its own log says more, under the same request id.',
  })
}

/** Of what answers without codes: another server, or a proxy before ours. */
function codeOf(statusCode: number): string {
  if (statusCode === 503) return 'EKB_ERR_DEPENDENCY_DOWN'
  return statusCode === 504 ? 'EKB_ERR_TIMEOUT' : 'EKB_ERR_DEPENDENCY_FAILED'
}
