export type { AnswerKind } from './client/api-shape.js'
export { ClientError, type ClientErrorOptions, isClientError } from './client/client-error.js'
export type {
  ClientOptions,
  ConnectClientOptions,
  CreateClientOptions,
  DynamicClient,
  FetchLike,
  HeadersOption,
  HttpApiOptions,
  HttpCallOptions,
  HttpClient,
  HttpMethod,
} from './client/client-types.js'
export { connectClient } from './client/connect-client.js'
export { createClient } from './client/create-client.js'
export type { ClientErrorCode } from './errors/client-rows.js'
