import { createError, ServiceError } from '../errors/service-error.js'

/** What a host's parser throws when it refuses a body. */
export interface ParserError extends Error {
  readonly statusCode?: number | undefined
}

/** The same in our words, by its status. What is no refusal stays what it is. */
export function toBodyError(error: ParserError, contentType: string | undefined): Error {
  const { statusCode, message } = error
  switch (statusCode) {
    case 400:
      return createError('EKB_ERR_BODY_INVALID', { reason: message }, { cause: error })
    case 413:
      // Whose limit it was, and how large, is for the host to say.
      return new ServiceError(message, { statusCode, code: 'EKB_ERR_BODY_TOO_LARGE', cause: error })
    case 415:
      return createError('EKB_ERR_MEDIA_TYPE', { received: contentType ?? 'none', expected: 'application/json' })
    default:
      return error
  }
}
