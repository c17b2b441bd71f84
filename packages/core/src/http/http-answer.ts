/** What is sent, before it is: the same for every host. The sender adds content-length and x-request-id. */
export interface HttpAnswer {
  readonly statusCode: number
  /** Name, value, name, value, as `writeHead` takes them. */
  readonly headers: readonly string[]
  readonly body: string | Uint8Array
}

export const JSON_TYPE = 'application/json; charset=utf-8'
export const TEXT_TYPE = 'text/plain; charset=utf-8'
