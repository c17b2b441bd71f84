import type { ServiceClient } from '../service/service-client.js'
import type { AnswerKind } from './api-shape.js'

/** What carries requests: `fetch`, or what behaves as it does. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>

/** Headers that a client sends: fixed, or asked for before each call, for a token that changes. */
export type HeadersOption =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)

/** Second argument of a method of a client over HTTP. */
export interface HttpCallOptions {
  /** Aborts the call, and the work for it at the server: `EKB_ERR_CLIENT_ABORTED`. */
  readonly signal?: AbortSignal
  /** Milliseconds until the whole answer is there; a stream: until it begins. Over the client's own. */
  readonly timeoutMs?: number
  /** It may run twice without harm: tried up to twice more where the server could not be reached or is busy. Default false. */
  readonly idempotent?: boolean
  /** Over those of the client. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What a client cannot know of an api that it has no schema of. */
export interface HttpApiOptions {
  /** Default `/<method>`. */
  readonly route?: string
  /**
   * What the answer is read as. Default `auto`: by its media type: JSON is parsed, `text/*` is a string, anything else
   * a Blob. Bytes that an api without a `mediaType` returns are sent as text: say `blob`.
   */
  readonly answer?: AnswerKind
}

/** Options of every client over HTTP. */
export interface ClientOptions {
  /** Milliseconds until the whole answer of a call is there; a stream: until it begins. Default: no limit. */
  readonly timeoutMs?: number
  /** Sent with each call. */
  readonly headers?: HeadersOption
  /** What carries the requests. Default: the global `fetch`. */
  readonly fetch?: FetchLike
}

/** Options of `createClient`; `apis` says, by method, what differs from the default. */
export interface CreateClientOptions<T> extends ClientOptions {
  readonly apis?: { readonly [K in keyof HttpClient<T>]?: HttpApiOptions }
}

export interface ConnectClientOptions extends ClientOptions {
  /** Milliseconds in which the server must become ready; 0: it is not asked. Default 0. */
  readonly readyWithinMs?: number
}

/**
 * A service as its clients over HTTP see it: the methods of `ServiceClient<T>`. Where the service gives bytes, a Blob, a
 * Response or a stream of bytes, the client gets a Blob; where it takes a Blob or bytes, the client may give either.
 */
export type HttpClient<T> = {
  readonly [K in keyof ServiceClient<T>]: HttpMethod<ServiceClient<T>[K]>
}

/** One method of a client over HTTP. */
export type HttpMethod<TMethod> = TMethod extends (...args: infer TArguments) => infer TResult
  ? (...args: HttpArguments<TArguments>) => HttpResult<TResult>
  : never

// biome-ignore lint/suspicious/noExplicitAny: the options are replaced
type HttpArguments<TArguments extends unknown[]> = TArguments extends [input: infer TInput, options?: any]
  ? [input: Sent<TInput>, options?: HttpCallOptions]
  : // biome-ignore lint/suspicious/noExplicitAny: the options are replaced
    TArguments extends [input?: infer TInput, options?: any]
    ? [input?: Sent<TInput>, options?: HttpCallOptions]
    : never

type HttpResult<TResult> =
  TResult extends AsyncIterable<infer TItem>
    ? AsyncIterable<TItem>
    : TResult extends Promise<infer TValue>
      ? Promise<Received<TValue>>
      : TResult

type IsAny<T> = 0 extends 1 & T ? true : false

type Received<T> = IsAny<T> extends true ? T : T extends Binary ? Blob : T

type Sent<T> = IsAny<T> extends true ? T : T extends Binary ? Blob | Uint8Array | ArrayBuffer : T

type Binary = Blob | ArrayBuffer | Uint8Array | Response | ReadableStream

/** A client whose apis only the server knows: each method can be awaited, or iterated where it is a stream. */
export interface DynamicClient {
  // biome-ignore lint/suspicious/noExplicitAny: only the server knows
  readonly [api: string]: (input?: unknown, options?: HttpCallOptions) => Promise<any> & AsyncIterable<any>
}
