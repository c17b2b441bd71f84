import { CATALOGUE, type ErrorCode } from './catalogue.js'
import { isServiceError, type ServiceError } from './service-error.js'

/** What a client gets to know of something that was thrown. */
export interface PublicError {
  readonly statusCode: number
  readonly message: string
  readonly code: string
  readonly detail?: unknown
  /** When to come again, as what we depend on says. Default: soon. */
  readonly retryAfterMs?: number
  /** The client was told less than there is to say, or the fault is ours: the log needs it. */
  readonly level: 'none' | 'warn' | 'error'
}

const MASKED = 'The server failed on this request; its log has the reason under this request id'

/** Ours from the inside name services and methods that are no client's business: they keep code and status only. */
const NEUTRAL: Partial<Record<string, string>> = {
  EKB_ERR_OVERLOADED: 'Too many requests are waiting; try again later',
  EKB_ERR_TIMEOUT: 'The request was not answered in time',
  EKB_ERR_ABORTED: 'The request was cancelled',
  EKB_ERR_DEPENDENCY_FAILED: 'Something that this api depends on refused its part of the request',
  EKB_ERR_DEPENDENCY_DOWN: 'Something that this api depends on is not available; try again later',
  EKB_ERR_WORKER_LOST: 'The process that worked on this request was lost',
  EKB_ERR_CALL_PROTOCOL: 'Something that this api depends on did not answer properly',
}

/** What the host itself refuses a request with: told as it is. */
const OF_THE_REQUEST = new Set<string>([
  'EKB_ERR_HTTP_MALFORMED',
  'EKB_ERR_HTTP_HEADERS_TOO_LARGE',
  'EKB_ERR_HTTP_SLOW_REQUEST',
  'EKB_ERR_ORIGIN_FOREIGN',
  'EKB_ERR_BODY_INVALID',
  'EKB_ERR_VALIDATION',
  'EKB_ERR_ROUTE_NOT_FOUND',
  'EKB_ERR_METHOD_NOT_ALLOWED',
  'EKB_ERR_BODY_TOO_LARGE',
  'EKB_ERR_MEDIA_TYPE',
  'EKB_ERR_TASK_UNSUPPORTED',
] satisfies ErrorCode[])

/** By the contract's rules: who may set a status, and whose message a client may read. */
export function toPublicError(thrown: unknown): PublicError {
  if (isServiceError(thrown)) return fromServiceError(thrown)
  if (typeof thrown !== 'object' || thrown === null) return masked(500)
  const error = thrown as Record<string, unknown>
  return fromHttpException(error) ?? fromExposed(error) ?? masked(500)
}

function fromServiceError(error: ServiceError): PublicError {
  const { code, message, detail } = error
  // A status that is no error's says nothing about whose fault it is.
  if (!isErrorStatus(error.statusCode)) return masked(500, code)
  const { statusCode } = error
  const neutral = NEUTRAL[code]
  if (neutral !== undefined) {
    // One line for each request that is turned away would only add to the load.
    const level = code === 'EKB_ERR_OVERLOADED' ? 'none' : 'warn'
    return { statusCode, code, message: neutral, ...retryAfterOf(detail), level }
  }
  const isOurs = Object.hasOwn(CATALOGUE, code) && code !== 'EKB_ERR_INTERNAL'
  // One of ours that is not about this request: a bug in the service, whatever status it has elsewhere.
  if (isOurs && !OF_THE_REQUEST.has(code)) return masked(Math.max(statusCode, 500), code)
  if (statusCode >= 500 && !error.expose) return masked(statusCode, code)
  return { statusCode, code, message, detail, level: statusCode < 500 ? 'none' : 'warn' }
}

/** A service elsewhere said so (call/remote-error.ts). */
function retryAfterOf(detail: unknown): { retryAfterMs?: number } {
  const { retryAfterMs } = (detail ?? {}) as { retryAfterMs?: unknown }
  return typeof retryAfterMs === 'number' ? { retryAfterMs } : {}
}

/** Nest's HttpException, by its shape: `getStatus()` and `getResponse()`. */
function fromHttpException(error: Record<string, unknown>): PublicError | undefined {
  if (typeof error.getStatus !== 'function' || typeof error.getResponse !== 'function') return undefined
  const statusCode: unknown = error.getStatus()
  if (!isErrorStatus(statusCode)) return undefined
  const code = codeOf(error)
  if (statusCode >= 500 && error.expose !== true) return masked(statusCode, code)
  const response: unknown = error.getResponse()
  const said =
    typeof response === 'object' && response !== null ? (response as Record<string, unknown>).message : response
  const level = statusCode < 500 ? 'none' : 'warn'
  // A list is a ValidationPipe's: one entry per issue.
  if (Array.isArray(said)) return { statusCode, code, message: String(error.message), detail: said, level }
  return { statusCode, code, message: typeof said === 'string' ? said : String(error.message), level }
}

/** `expose === true` and a status: http-errors and what follows its convention. */
function fromExposed(error: Record<string, unknown>): PublicError | undefined {
  if (error.expose !== true) return undefined
  const statusCode = error.statusCode ?? error.status
  if (!isErrorStatus(statusCode)) return undefined
  const level = statusCode < 500 ? 'none' : 'warn'
  return { statusCode, code: codeOf(error), message: String(error.message), detail: error.detail, level }
}

function masked(statusCode: number, code = 'EKB_ERR_INTERNAL'): PublicError {
  return { statusCode, code, message: MASKED, level: 'error' }
}

function codeOf(error: Record<string, unknown>): string {
  return typeof error.code === 'string' && error.code !== '' ? error.code : 'EKB_ERR_INTERNAL'
}

function isErrorStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599
}
