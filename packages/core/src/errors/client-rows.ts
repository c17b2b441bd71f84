import { type ErrorRow, near, row } from './error-row.js'

/** What the client over HTTP can fail with. Apart from the catalogue, of which browsers should not load the rest. */
export const CLIENT_ROWS = {
  EKB_ERR_CLIENT_OPTION: row<{ option: string; value: string; expected: string }>({
    exitCode: 2,
    message: (p) => `Option '${p.option}' of the client is ${p.value}; expected ${p.expected}`,
    hint: () => 'Correct the value; docs/clients.md lists the options.',
  }),
  EKB_ERR_CLIENT_INPUT: row<{ what: string; path: string; received: string }>({
    exitCode: 2,
    message: (p) => `Cannot send ${p.received} at ${p.path} to ${p.what}`,
    hint: () =>
      'Send what JSON holds; files (Blob, File, bytes) as the whole input, as a field of it, or as a list in a field.',
  }),
  EKB_ERR_CLIENT_NO_API: row<{ url: string; api: string; apis: readonly string[]; near: readonly string[] }>({
    exitCode: 2,
    message: (p) => `${p.url} has no api '${p.api}'; its apis are ${p.apis.join(', ') || 'none'}`,
    hint: (p) => `Name one of them.${near(p.near)}`,
  }),
  EKB_ERR_CLIENT_UNREACHABLE: row<{ what: string; reason: string }>({
    retryable: true,
    message: (p) => `${p.what} could not be reached: ${p.reason}`,
    hint: () => 'Check the address, and that the server runs and may be reached from here.',
  }),
  EKB_ERR_CLIENT_CUT: row<{ what: string; reason: string }>({
    message: (p) => `The answer of ${p.what} broke off: ${p.reason}`,
    hint: () => 'The server, or a proxy in between, closed the connection; its log says why.',
  }),
  EKB_ERR_CLIENT_TIMEOUT: row<{ what: string; timeoutMs: number }>({
    message: (p) => `${p.what} did not answer within ${p.timeoutMs} ms (the client's timeoutMs)`,
    hint: () => 'Raise timeoutMs of the call or of the client, or make the work shorter.',
  }),
  EKB_ERR_CLIENT_ABORTED: row<{ what: string }>({
    message: (p) => `${p.what} was cancelled by its caller`,
    hint: () => 'The signal given to the call was aborted; cause is its reason.',
  }),
  EKB_ERR_CLIENT_ANSWER: row<{ what: string; reason: string }>({
    message: (p) => `The answer of ${p.what} cannot be read: ${p.reason}`,
    hint: () => "Say with the client's option apis what the api answers with, or correct its media type.",
  }),
  EKB_ERR_CLIENT_SCHEMA: row<{ url: string; reason: string }>({
    message: (p) => `${p.url} does not say what apis there are: ${p.reason}`,
    hint: () => 'It is served by Ekiben with system routes on, and by BentoML; else use createClient.',
  }),
  EKB_ERR_CLIENT_REFUSED: row<{ what: string; statusCode: number; reason: string }>({
    message: (p) => `${p.what} was refused with ${p.statusCode}: ${p.reason}`,
    hint: () => 'The log of the server says more.',
  }),
} as const satisfies Record<string, ErrorRow<never>>

export type ClientErrorCode = keyof typeof CLIENT_ROWS
export type ClientErrorParams<TCode extends ClientErrorCode> =
  (typeof CLIENT_ROWS)[TCode] extends ErrorRow<infer TParams> ? TParams : never
