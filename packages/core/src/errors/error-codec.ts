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
  /** Of an AggregateError, whose own message is often empty. */
  readonly errors?: readonly WireError[]
}

/** Causes beyond this depth are cut. */
const MAX_CAUSES = 8
/** Further errors of an AggregateError are cut. */
const MAX_ERRORS = 8

/** Makes plain JSON of anything that was thrown; never throws itself, whatever getters it meets. */
export function encodeError(thrown: unknown): WireError {
  return encode(thrown, [])
}

/** Rebuilds a throwable error; always a ServiceError when it was one, else a plain Error of that name. */
export function decodeError(wire: WireError): Error {
  const options = wire.cause === undefined ? {} : { cause: decodeError(wire.cause) }
  const error =
    wire.service === true ? new ServiceError(wire.message, { ...wire, ...options }) : new Error(wire.message, options)
  if (wire.name !== error.name) defineHidden(error, 'name', wire.name)
  if (wire.stack !== undefined) defineHidden(error, 'stack', wire.stack)
  if (wire.errors !== undefined) defineHidden(error, 'errors', wire.errors.map(decodeError))
  if (wire.service !== true) {
    for (const key of ['code', 'statusCode', 'expose'] as const) {
      if (wire[key] !== undefined) Object.assign(error, { [key]: wire[key] })
    }
  }
  return error
}

/** `above`: the errors that lead here, since a cause may point back at its own error. */
function encode(thrown: unknown, above: readonly unknown[]): WireError {
  if (!isErrorLike(thrown)) return { name: 'NonError', message: describeThrown(thrown) }
  const branded = read(() => isServiceError(thrown)) === true
  const cause = read(() => (thrown as Error).cause)
  const chain = [...above, thrown]
  const follow = cause !== undefined && chain.length <= MAX_CAUSES && !chain.includes(cause)
  return {
    name: text(() => thrown.name) ?? 'Error',
    message: text(() => thrown.message) ?? '(the message could not be read)',
    ...encodeScalars(thrown),
    ...(branded && encodeServiceFields(thrown as ServiceError)),
    ...(follow && { cause: encode(cause, chain) }),
    ...encodeErrors(thrown, chain),
  }
}

function encodeScalars(error: Partial<ServiceError>): Partial<WireError> {
  const stack = read(() => error.stack)
  const code = read(() => error.code)
  const statusCode = read(() => error.statusCode)
  const expose = read(() => error.expose)
  const origin = read(() => originOf(error))
  return {
    ...(typeof stack === 'string' && { stack }),
    ...(typeof code === 'string' && { code }),
    ...(typeof statusCode === 'number' && { statusCode }),
    ...(typeof expose === 'boolean' && { expose }),
    ...(origin !== undefined && { origin }),
  }
}

/** Where it was thrown, of an error that a call brought here from another worker; others' `origin` is their own business. */
function originOf(thrown: unknown): ErrorOrigin | undefined {
  const origin = (thrown as { origin?: unknown } | null | undefined)?.origin
  const isOne = typeof origin === 'object' && origin !== null && 'service' in origin && 'pid' in origin
  return isOne ? (origin as ErrorOrigin) : undefined
}

function encodeServiceFields(error: ServiceError): Partial<WireError> {
  const hint = read(() => error.hint)
  const detail = read(() => error.detail)
  return {
    service: true,
    retryable: read(() => error.retryable) === true,
    ...(hint !== undefined && { hint }),
    ...(detail !== undefined && { detail: toPlain(detail) }),
  }
}

function encodeErrors(error: object, chain: readonly unknown[]): { errors?: readonly WireError[] } {
  const errors = read(() => (error as Partial<AggregateError>).errors)
  if (!Array.isArray(errors) || chain.length > MAX_CAUSES) return {}
  const fresh = errors.slice(0, MAX_ERRORS).filter((inner) => !chain.includes(inner) && isErrorLike(inner))
  return fresh.length === 0 ? {} : { errors: fresh.map((inner) => encode(inner, chain)) }
}

/** What a getter or a proxy throws must not hide the error that is being reported. */
function read<T>(get: () => T): T | undefined {
  try {
    return get()
  } catch {
    return undefined
  }
}

function text(get: () => unknown): string | undefined {
  return read(() => String(get()))
}

/** `detail` reaches clients as JSON; what JSON cannot hold is described instead of failing on the way. */
function toPlain(detail: unknown): unknown {
  const json = read(() => JSON.stringify(detail))
  return json === undefined ? describeThrown(detail) : JSON.parse(json)
}

function defineHidden(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false })
}

/** Errors of another realm (a vm context, Jest) are no `instanceof Error`. */
function isErrorLike(value: unknown): value is Partial<ServiceError> & Error {
  if (typeof value !== 'object' || value === null) return false
  return read(() => value instanceof Error || ('stack' in value && 'message' in value)) === true
}

function describeThrown(value: unknown): string {
  if (typeof value === 'string') return value
  return read(() => `${typeof value}: ${JSON.stringify(value) ?? String(value)}`) ?? typeof value
}
