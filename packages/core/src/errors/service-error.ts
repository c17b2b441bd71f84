import { CATALOGUE, type ErrorCode, type ErrorParams, type ErrorRow } from './catalogue.js'

/** Where an error that crossed a process was thrown. */
export interface ErrorOrigin {
  readonly service: string
  readonly slot: number
  readonly pid: number
}

export interface ServiceErrorOptions {
  /** HTTP status of the answer, 400 to 599. Default 500. */
  readonly statusCode?: number
  /** A code of your own for clients to match on. Default `EKB_ERR_INTERNAL`. */
  readonly code?: string
  /** Plain data that is sent to the client beside the message. */
  readonly detail?: unknown
  readonly cause?: unknown
  /** What to do next; shown in the log, not to the client. */
  readonly hint?: string
  /** Trying again elsewhere is safe. Default false. */
  readonly retryable?: boolean
  /** Show the message to clients although the status is 500 or above. Default: status below 500. */
  readonly expose?: boolean
  readonly origin?: ErrorOrigin
}

const kServiceError: unique symbol = Symbol.for('ekiben.error') as never

/**
 * What an api throws to refuse a request, and what Ekiben itself throws.
 *
 * The answer has the error's `statusCode`, and its message where that is below 500 or `expose` is true.
 *
 * @example throw new ServiceError('No such order', { statusCode: 404, code: 'ORDER_UNKNOWN' })
 */
export class ServiceError extends Error {
  readonly code: string
  readonly statusCode: number
  readonly detail: unknown
  readonly hint: string | undefined
  readonly retryable: boolean
  readonly expose: boolean
  readonly origin: ErrorOrigin | undefined

  constructor(message: string, options: ServiceErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'ServiceError'
    this.code = options.code ?? 'EKB_ERR_INTERNAL'
    this.statusCode = options.statusCode ?? 500
    this.detail = options.detail
    this.hint = options.hint
    this.retryable = options.retryable ?? false
    this.expose = options.expose ?? this.statusCode < 500
    this.origin = options.origin
  }
}
// A brand on the prototype: `instanceof` fails across two copies of the package.
Object.defineProperty(ServiceError.prototype, kServiceError, { value: true })

/** Is it a ServiceError, of this code if one is given? Works across copies of the package. */
export function isServiceError(value: unknown, code?: ErrorCode | (string & {})): value is ServiceError {
  if (typeof value !== 'object' || value === null || !(kServiceError in value)) return false
  return code === undefined || (value as unknown as ServiceError).code === code
}

export interface CreateErrorOptions {
  readonly cause?: unknown
  readonly detail?: unknown
  readonly origin?: ErrorOrigin
  /** Instead of the catalogue's status: one code may have one status at the edge and another inside. */
  readonly statusCode?: number
}

/** Makes an error of the catalogue; `params` is typed by the code. @internal */
export function createError<TCode extends ErrorCode>(
  code: TCode,
  params: ErrorParams<TCode>,
  options: CreateErrorOptions = {},
): ServiceError {
  const row = CATALOGUE[code] as ErrorRow<ErrorParams<TCode>>
  const statusCode = options.statusCode ?? row.statusCode ?? 500
  const error = new ServiceError(row.message(params), {
    ...options,
    code,
    statusCode,
    hint: row.hint(params),
    retryable: row.retryable ?? false,
    expose: row.expose ?? statusCode < 500,
  })
  Error.captureStackTrace?.(error, createError)
  return error
}
