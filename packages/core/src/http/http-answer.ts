/** What is sent, before it is: the same for every host. The sender adds content-length and x-request-id. */
export interface HttpAnswer {
  readonly statusCode: number
  /** Name, value, name, value, as `writeHead` takes them. */
  readonly headers: readonly string[]
  readonly body: string | Uint8Array
}

/** A piece of a body that comes bit by bit. */
export type Piece = string | Uint8Array

export interface Pieces {
  next(): Promise<IteratorResult<Piece, unknown>>
  /** Nobody wants more: what they come from is closed. */
  return(): Promise<unknown>
}

/** An answer whose body is sent piece by piece, each when the client has room for it. */
export interface StreamAnswer {
  readonly statusCode: number
  /** As in `HttpAnswer`; with a content-length where it is known. */
  readonly headers: readonly string[]
  readonly pieces: Pieces
  /** How an error is told once the head is out; undefined: by breaking the connection. */
  readonly tellError: ((error: string) => Piece) | undefined
}

export const JSON_TYPE = 'application/json; charset=utf-8'
export const TEXT_TYPE = 'text/plain; charset=utf-8'
