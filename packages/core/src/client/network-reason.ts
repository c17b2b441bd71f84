/** Node hides what happened in the cause of `fetch failed`; of several addresses tried, each has its own. */
export function networkReason(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const { cause, code, message, errors } = error as {
    cause?: unknown
    code?: unknown
    message?: unknown
    errors?: unknown
  }
  if (cause !== undefined && cause !== null) return networkReason(cause)
  if (Array.isArray(errors) && errors.length > 0) return networkReason(errors[0])
  if (typeof message === 'string' && message !== '') return message
  return typeof code === 'string' ? code : 'no reason was given'
}

/** The codes of what happened, in the same places. */
export function networkCodes(error: unknown): readonly string[] {
  if (typeof error !== 'object' || error === null) return []
  const { cause, code, errors } = error as { cause?: unknown; code?: unknown; errors?: unknown }
  if (cause !== undefined && cause !== null) return networkCodes(cause)
  if (Array.isArray(errors) && errors.length > 0) return errors.flatMap(networkCodes)
  return typeof code === 'string' ? [code] : []
}
