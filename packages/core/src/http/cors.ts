import type { HttpAnswer } from './http-answer.js'

/** As what preflights are counted and logged. */
export const PREFLIGHT = '(preflight)'

/** Which pages of other origins may call, every default applied. */
export interface CorsPolicy {
  /** As browsers send them; `'*'`: any. */
  readonly origins: '*' | readonly string[]
  readonly methods: readonly string[]
  /** undefined: those that a preflight asks for. */
  readonly headers: readonly string[] | undefined
  readonly exposedHeaders: readonly string[]
  readonly credentials: boolean
  /** Seconds; undefined: not said. */
  readonly maxAge: number | undefined
}

/** What of a request matters here. */
export interface CorsRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Name, value, name, value. */
type FlatHeaders = readonly string[]

const NONE: FlatHeaders = []
/** What a preflight may ask for is names; anything else is not said after it. */
const NAMES = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/

/** The headers that every answer to this request gets, whatever answers it. */
export function corsHeaders(policy: CorsPolicy, { headers }: CorsRequest): FlatHeaders {
  // The answer to one origin must not be kept for another, nor for none.
  const vary = policy.origins === '*' ? NONE : ['vary', 'origin']
  const allowed = allowedOrigin(policy, headers.origin)
  if (allowed === undefined) return vary
  const { credentials, exposedHeaders } = policy
  return [
    ...vary,
    ...['access-control-allow-origin', allowed],
    ...(credentials ? ['access-control-allow-credentials', 'true'] : NONE),
    ...(exposedHeaders.length > 0 ? ['access-control-expose-headers', exposedHeaders.join(', ')] : NONE),
  ]
}

/** The answer to a preflight of an origin that may call; undefined: this request is none. */
export function answerPreflight(policy: CorsPolicy, request: CorsRequest): HttpAnswer | undefined {
  const { origin, 'access-control-request-method': method } = request.headers
  if (request.method !== 'OPTIONS' || typeof method !== 'string') return undefined
  if (allowedOrigin(policy, origin) === undefined) return undefined
  const { methods, maxAge } = policy
  const headers = allowedHeaders(policy, request)
  return {
    statusCode: 204,
    headers: [
      ...['access-control-allow-methods', methods.join(', ')],
      ...(headers === undefined ? NONE : ['access-control-allow-headers', headers]),
      ...(maxAge === undefined ? NONE : ['access-control-max-age', String(maxAge)]),
    ],
    body: '',
  }
}

function allowedOrigin({ origins }: CorsPolicy, origin: CorsRequest['headers'][string]): string | undefined {
  if (typeof origin !== 'string') return undefined
  if (origins === '*') return '*'
  return origins.includes(origin) ? origin : undefined
}

function allowedHeaders({ headers }: CorsPolicy, request: CorsRequest): string | undefined {
  if (headers !== undefined) return headers.length === 0 ? undefined : headers.join(', ')
  const asked = request.headers['access-control-request-headers']
  return typeof asked === 'string' && NAMES.test(asked) ? asked : undefined
}
