import type { Logger } from '../observe/logger.js'

/** Status, headers and cookies of the HTTP answer; without effect on an inner call. */
export interface ResponseControl {
  statusCode: number
  setHeader(name: string, value: string | readonly string[]): void
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
