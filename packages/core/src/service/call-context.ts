import type { Logger } from '../observe/logger.js'

/** Attributes of a cookie, as in RFC 6265. */
export interface CookieOptions {
  /** Seconds until it is forgotten; 0: at once. Default: with the browser's session. */
  readonly maxAge?: number
  readonly expires?: Date
  /** Default `/`. */
  readonly path?: string
  readonly domain?: string
  readonly secure?: boolean
  readonly httpOnly?: boolean
  readonly sameSite?: 'strict' | 'lax' | 'none'
}

/**
 * Status, headers and cookies of the HTTP answer; without effect on an inner call.
 *
 * Of a stream they go out with the first item: what is set later is lost.
 */
export interface ResponseControl {
  /** 200 to 599. Default 200. Throws a RangeError for anything else. */
  statusCode: number
  /** Replaces what was set under that name. Throws a TypeError for what HTTP does not allow, and for what the host sets. */
  setHeader(name: string, value: string | readonly string[]): void
  /** Adds a `set-cookie`. The value is percent-encoded. Throws a TypeError for what no cookie can hold. */
  setCookie(name: string, value: string, options?: CookieOptions): void
}

/** The second argument of every api method. Its costly parts are made on first use. */
export interface CallContext {
  /** Aborts when the client leaves or the deadline passes. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch at which the call times out; undefined: never. */
  readonly deadline: number | undefined
  /** Aborts when this worker begins to drain: a long stream should come to an end. */
  readonly draining: AbortSignal
  /** The client's own `x-request-id` if it matches `[\w.:-]{1,128}`, else a new one. */
  readonly requestId: string
  /** W3C trace context to hand on. */
  readonly traceparent: string | undefined
  /** Headers of the HTTP request; undefined on an inner call. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>> | undefined
  readonly remoteAddress: string | undefined
  readonly response: ResponseControl
  readonly log: Logger
  readonly service: string
  readonly slot: number
}
