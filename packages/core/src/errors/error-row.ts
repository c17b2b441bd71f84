/**
 * A row of a catalogue: what happened (`message`), what to do next (`hint`), the HTTP status it answers with, the exit
 * code of a process that ends because of it, and whether trying again elsewhere is safe.
 */
export interface ErrorRow<TParams> {
  readonly message: (params: TParams) => string
  readonly hint: (params: TParams) => string
  /** HTTP status of the answer, when the error reaches a client. Default 500. */
  readonly statusCode?: number
  /** Exit code of a command or supervisor that ends because of it. Default 1. */
  readonly exitCode?: number
  /** The call did not run, or may run again elsewhere without harm. Default false. */
  readonly retryable?: boolean
  /** The message may be shown to a client although the status is 500 or above. Default false. */
  readonly expose?: boolean
}

export const row = <TParams>(definition: ErrorRow<TParams>): ErrorRow<TParams> => definition

/** The end of a hint: what may have been meant. */
export const near = (names: readonly string[]): string =>
  names.length === 0 ? '' : ` Did you mean ${names.join(' or ')}?`
