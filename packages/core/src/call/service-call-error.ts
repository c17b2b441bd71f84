import { CATALOGUE } from '../errors/catalogue.js'
import { decodeError, type WireError } from '../errors/error-codec.js'
import { type ErrorOrigin, isServiceError, ServiceError } from '../errors/service-error.js'

/** What a dependency answered when it refused a call. */
export interface RemoteAnswer {
  readonly statusCode: number
  readonly code: string
  readonly message: string
  readonly detail: unknown
  readonly origin: ErrorOrigin | undefined
}

/**
 * A dependency refused a call with a 4xx. Towards the client of the caller that is the caller's fault, hence 502;
 * `throw error.asOwn()` passes the dependency's answer on as one's own.
 */
export class ServiceCallError extends ServiceError {
  readonly remote: RemoteAnswer

  constructor(call: { readonly service: string; readonly method: string }, remote: RemoteAnswer, cause: Error) {
    const row = CATALOGUE.EKB_ERR_DEPENDENCY_FAILED
    const params = { ...call, statusCode: remote.statusCode, reason: remote.message }
    super(row.message(params), {
      code: 'EKB_ERR_DEPENDENCY_FAILED',
      statusCode: 502,
      hint: row.hint(params),
      cause,
      ...(remote.origin !== undefined && { origin: remote.origin }),
    })
    this.name = 'ServiceCallError'
    this.remote = remote
  }

  /** The dependency's answer as an error of one's own: same status, code, message and detail. */
  asOwn(): ServiceError {
    const { statusCode, code, message, detail } = this.remote
    return new ServiceError(message, { statusCode, code, detail, cause: this })
  }
}

/** What an error that a service answered with becomes at its caller. */
export function toCallerError(wire: unknown, call: { readonly service: string; readonly method: string }): Error {
  const { origin } = wire as WireError
  const error = decodeError(wire as WireError)
  const statusCode = refusalStatus(error)
  if (statusCode !== undefined) {
    const { code, detail } = wire as WireError
    const answer = { statusCode, code: code ?? 'EKB_ERR_INTERNAL', message: error.message, detail, origin }
    return new ServiceCallError(call, answer, error)
  }
  if (origin !== undefined && !('origin' in error)) {
    Object.defineProperty(error, 'origin', { value: origin, configurable: true, writable: true })
  }
  return error
}

/** The 4xx with which an api refused; undefined: it failed otherwise, or it is overload, which stays what it is. */
function refusalStatus(error: Error): number | undefined {
  const { statusCode, expose, code } = error as Partial<ServiceError>
  if (statusCode === undefined || statusCode < 400 || statusCode > 499) return undefined
  if (statusCode === 429 && code === 'EKB_ERR_OVERLOADED') return undefined
  // A library's error with a status of its own says nothing about the call.
  return isServiceError(error) || expose === true ? statusCode : undefined
}
