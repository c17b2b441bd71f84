import type { ResponseControl } from '../service/call-context.js'

/**
 * One call as it reached this process: over HTTP, over a call connection, or inline.
 * `CallContext` is made from it, lazily.
 */
export interface CallRequest {
  readonly requestId: string
  readonly traceparent: string | undefined
  /** Monotonic milliseconds (`util/monotonic.ts`), the same clock in every process of the machine; undefined: never. */
  readonly deadlineAt: number | undefined
  /** Made on first use; aborts when the caller leaves or the deadline passes. */
  readonly signal: AbortSignal
  readonly headers: Readonly<Record<string, string | string[] | undefined>> | undefined
  readonly remoteAddress: string | undefined
  /** undefined on an inner call. */
  readonly response: ResponseControl | undefined
}

/** Runs one api of the service in this process. Rejects or throws coded errors. */
export type CallHandler = (api: string, input: unknown, request: CallRequest) => unknown
