import type { CorsPolicy } from '../http/cors.js'
import type { SettingShape } from './service-settings-rows.js'
import type { SettingEntries } from './setting-entries.js'
import { invalidSetting } from './setting-errors.js'
import { boolean, corsOrigins, headerNames, integer, methodNames } from './value-kinds.js'

/** Which pages of other origins a browser lets call the served apis, and read their answers. */
export interface CorsOptions {
  /** Origins such as `'https://app.example'`, without a path; or `'*'` for any. */
  readonly origins: '*' | readonly string[]
  /** Methods that a preflight allows. Default: GET, HEAD and POST. */
  readonly methods?: readonly string[] | undefined
  /** Request headers that a preflight allows. Default: those it asks for. */
  readonly headers?: readonly string[] | undefined
  /** Response headers that scripts may read, beside the few that they always may. Default: `x-request-id` and `retry-after`. */
  readonly exposedHeaders?: readonly string[] | undefined
  /** May cookies and other credentials be sent along? Not together with `origins: '*'`. Default false. */
  readonly credentials?: boolean | undefined
  /** Seconds for which a browser may remember a preflight. Default: the browser's own. */
  readonly maxAge?: number | undefined
}

/** What `cors` takes. */
export const CORS_SHAPE: Readonly<Record<keyof CorsOptions, SettingShape>> = {
  origins: { kind: corsOrigins },
  methods: { kind: methodNames },
  headers: { kind: headerNames },
  exposedHeaders: { kind: headerNames },
  credentials: { kind: boolean },
  maxAge: { kind: integer(0) },
}

export const CORS_DEFAULTS = {
  methods: ['GET', 'HEAD', 'POST'],
  exposedHeaders: ['x-request-id', 'retry-after'],
  credentials: false,
} as const

/** The policy that the settings make; undefined: there is none. Throws where they contradict one another. */
export function corsPolicy(given: Partial<CorsOptions> | undefined, entries: SettingEntries): CorsPolicy | undefined {
  if (given === undefined) return undefined
  const { origins, methods, headers, exposedHeaders, credentials, maxAge } = given
  if (origins === undefined) {
    const source = Object.keys(given).flatMap((key) => entries.get('cors', key)?.source ?? [])[0] ?? 'default'
    throw invalidSetting(['cors', 'origins'], source, { value: undefined, expected: corsOrigins.expected })
  }
  if (origins === '*' && credentials === true) {
    const source = entries.get('cors', 'credentials')?.source ?? 'default'
    // Any page could then act in the name of whoever visits it.
    const expected = "false where cors.origins is '*': with credentials the origins have to be named"
    throw invalidSetting(['cors', 'credentials'], source, { value: true, expected })
  }
  return {
    origins,
    methods: methods ?? CORS_DEFAULTS.methods,
    headers,
    exposedHeaders: exposedHeaders ?? CORS_DEFAULTS.exposedHeaders,
    credentials: credentials ?? CORS_DEFAULTS.credentials,
    maxAge,
  }
}
