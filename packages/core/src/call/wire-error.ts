import { encodeError, type WireError } from '../errors/error-codec.js'
import { toPublicError } from '../errors/public-error.js'
import { type ErrorOrigin, isServiceError } from '../errors/service-error.js'

/** What a service answers a call with when its api threw. */
export function toWireError(thrown: unknown, here: ErrorOrigin): WireError {
  const wire = encodeError(thrown)
  // One that came here from another worker keeps that one's.
  const { origin = here } = wire
  if (isServiceError(thrown)) return { ...wire, origin }
  // Nest's HttpException and errors marked as exposed refuse a call as a ServiceError does; by what they are, only
  // known here: their methods do not cross.
  const answer = toPublicError(thrown)
  if (answer.level === 'error') return { ...wire, origin }
  const { statusCode, message, detail } = answer
  return { ...wire, statusCode, message, expose: true, origin, ...(detail !== undefined && { detail }) }
}
