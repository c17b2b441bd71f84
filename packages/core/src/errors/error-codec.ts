import { type ErrorOrigin, isServiceError, ServiceError } from './service-error.js'

/**
 * An error as plain data. Error objects never cross a channel: `fork` with json loses the message,
 * structured clone loses the code and the subclass.
 */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: string
  readonly statusCode?: number
  readonly hint?: string
  readonly detail?: unknown
  readonly retryable?: boolean
  readonly expose?: boolean
  /** Was it a ServiceError (of ours or thrown by an api)? */
  readonly service?: boolean
  readonly origin?: ErrorOrigin
  readonly cause?: WireError
}

/** Causes beyond this depth are cut: a cause may point back at its own error. */
const MAX_CAUSES = 8

export function encodeError(thrown: unknown, depth = 0): WireError {
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) {
    return { name: 'NonError', message: describeThrown(thrown) }
  }
  const error = thrown as Partial<ServiceError> & Error
  const cause = depth < MAX_CAUSES && error.cause !== undefined ? encodeError(error.cause, depth + 1) : undefined
  const branded = isServiceError(thrown)
  return {
    name: String(error.name),
    message: String(error.message),
    ...(typeof error.stack === 'string' && { stack: error.stack }),
    ...(typeof error.code === 'string' && { code: error.code }),
    ...(typeof error.statusCode === 'number' && { statusCode: error.statusCode }),
    ...(typeof error.expose === 'boolean' && { expose: error.expose }),
    ...(branded && { service: true, retryable: error.retryable ?? false }),
    ...(branded && error.hint !== undefined && { hint: error.hint }),
    ...(branded && error.detail !== undefined && { detail: error.detail }),
    ...(branded && error.origin !== undefined && { origin: error.origin }),
    ...(cause !== undefined && { cause }),
  }
}

/** Rebuilds a throwable error; always a ServiceError when it was one, else a plain Error of that name. */
export function decodeError(wire: WireError): Error {
  const options = wire.cause === undefined ? {} : { cause: decodeError(wire.cause) }
  const error =
    wire.service === true ? new ServiceError(wire.message, { ...wire, ...options }) : new Error(wire.message, options)
  if (wire.name !== error.name) defineHidden(error, 'name', wire.name)
  if (wire.stack !== undefined) defineHidden(error, 'stack', wire.stack)
  if (wire.service !== true) {
    for (const key of ['code', 'statusCode', 'expose'] as const) {
      if (wire[key] !== undefined) Object.assign(error, { [key]: wire[key] })
    }
  }
  return error
}

function defineHidden(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false })
}

function isErrorLike(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Error).message === 'string' && 'stack' in value
}

function describeThrown(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return `${typeof value}: ${JSON.stringify(value) ?? String(value)}`
  } catch {
    return typeof value
  }
}
