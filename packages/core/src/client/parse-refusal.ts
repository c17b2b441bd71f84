/** What the body of an error says; of another server's it may be little. */
export interface RefusalBody {
  readonly message?: string
  readonly code?: string
  readonly statusCode?: number
  readonly detail?: unknown
  readonly requestId?: string
}

/** A page of HTML is no message. */
const MAX_TEXT = 500

/** Reads the error bodies of Ekiben, BentoML (an object, or a list of one) and what resembles them; else the text. */
export function refusalOf(text: string): RefusalBody {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    const short = text.trim()
    return short === '' || short.startsWith('<') ? {} : { message: short.slice(0, MAX_TEXT) }
  }
  return refusalIn(Array.isArray(parsed) ? parsed[0] : parsed)
}

/** The same, of a value. */
export function refusalIn(value: unknown): RefusalBody {
  if (typeof value === 'string') return { message: value }
  if (typeof value !== 'object' || value === null) return {}
  const { error, message, code, statusCode, detail, requestId } = value as Record<string, unknown>
  // Some have all of it below `error`.
  if (typeof error === 'object' && error !== null) return refusalIn(error)
  const text = typeof error === 'string' ? error : message
  return {
    ...(typeof text === 'string' && text !== '' && { message: text }),
    ...(typeof code === 'string' && code !== '' && { code }),
    ...(typeof statusCode === 'number' && { statusCode }),
    ...(detail !== undefined && { detail }),
    ...(typeof requestId === 'string' && { requestId }),
  }
}

/** Could this item be the last of a stream, which says why it failed? An api's own items may look alike. */
export function resemblesRefusal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('error' in value)) return false
  const { error } = value
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : codeOf(value)
  return typeof code === 'string'
}

function codeOf(value: object): unknown {
  return (value as { code?: unknown }).code
}

/** Seconds, as servers send it to programs; a date is not read. */
export function parseRetryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}
