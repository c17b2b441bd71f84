import { CLIENT_ROWS, type ClientErrorCode, type ClientErrorParams } from '../errors/client-rows.js'
import type { ErrorRow } from '../errors/error-row.js'

export interface ClientErrorOptions {
  readonly code: string
  readonly statusCode?: number | undefined
  readonly detail?: unknown
  readonly requestId?: string | undefined
  readonly hint?: string | undefined
  readonly retryable?: boolean | undefined
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

const kClientError: unique symbol = Symbol.for('ekiben.client-error') as never

/**
 * Why a call of a client failed: the server refused it (`statusCode` is that of its answer), or there was no answer
 * that could be read (`statusCode` is undefined).
 *
 * No ServiceError: an api that lets one escape answers 500, not with the status of a server that its own client does
 * not know of.
 */
export class ClientError extends Error {
  /** The server's own (`EKB_ERR_VALIDATION`, or one that the api made up), or `EKB_ERR_CLIENT_…`. */
  readonly code: string
  /** HTTP status, 400 to 599, where the server refused. */
  readonly statusCode: number | undefined
  /** What the server sent beside its message: of a validation error, one entry for each issue. */
  readonly detail: unknown
  /** Under which id the server's log has the call. */
  readonly requestId: string | undefined
  /** What to do next. */
  readonly hint: string | undefined
  /** Trying again may help: the call was not run, or says so. */
  readonly retryable: boolean
  /** When the server asks to try again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, options: ClientErrorOptions) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'ClientError'
    this.code = options.code
    this.statusCode = options.statusCode
    this.detail = options.detail
    this.requestId = options.requestId
    this.hint = options.hint
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}
// A brand on the prototype: `instanceof` fails across two copies of the package.
Object.defineProperty(ClientError.prototype, kClientError, { value: true })

/** Is it a ClientError, of this code if one is given? Works across copies of the package. */
export function isClientError(value: unknown, code?: ClientErrorCode | (string & {})): value is ClientError {
  if (typeof value !== 'object' || value === null || !(kClientError in value)) return false
  return code === undefined || (value as unknown as ClientError).code === code
}

/** Makes an error of the client's rows; `params` is typed by the code. @internal */
export function clientError<TCode extends ClientErrorCode>(
  code: TCode,
  params: ClientErrorParams<TCode>,
  options: Omit<ClientErrorOptions, 'code' | 'hint' | 'retryable'> = {},
): ClientError {
  const row = CLIENT_ROWS[code] as ErrorRow<ClientErrorParams<TCode>>
  return new ClientError(row.message(params), {
    ...options,
    code,
    hint: row.hint(params),
    retryable: row.retryable ?? false,
  })
}
