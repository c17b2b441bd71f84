/** What became of a try. `unsent`: it did not reach the service. `lost`: nobody knows. `busy`: it is to come again. */
export type FailedTry = 'unsent' | 'lost' | 'busy' | 'final'

export interface RetryFacts {
  readonly failure: FailedTry
  /** How many there were. */
  readonly tries: number
  /** It may run twice without harm. */
  readonly idempotent: boolean
  /** When the service asks to come again. */
  readonly retryAfterMs: number | undefined
  /** Until the deadline; Infinity: there is none. */
  readonly leftMs: number
  /** In [0, 1). */
  readonly random: number
}

const MAX_TRIES = 3
const FIRST_WAIT_MS = 100
/** A service that asks for more is not waited for. */
const MAX_WAIT_MS = 5_000

/** How long to wait before the next try; undefined: there is none. A wait never outlasts the deadline. */
export function chooseRetry(facts: RetryFacts): number | undefined {
  const { failure, tries, idempotent, retryAfterMs = 0, leftMs, random } = facts
  if (failure === 'final' || tries >= MAX_TRIES) return undefined
  if (failure !== 'unsent' && !idempotent) return undefined
  if (retryAfterMs > MAX_WAIT_MS) return undefined
  // Callers that failed together do not come again together.
  const waitMs = retryAfterMs + FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + random)
  return waitMs < leftMs ? waitMs : undefined
}
