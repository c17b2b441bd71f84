import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

const LOOK_AGAIN_MS = 20
/** Workers that start on a busy machine take their time. */
const GIVE_UP_MS = 30_000

export interface WaitUntilOptions {
  readonly timeoutMs?: number
  /** What is waited for, or what can be said when it does not come: "the log", "both workers ready". */
  readonly describe?: string | (() => string)
}

/** What is left of T when it is neither false, undefined nor null. */
export type Found<T> = Exclude<T, false | null | undefined>

/**
 * Waits until `look` finds what it looks for (anything but false, undefined and null) and gives it back. When it
 * does not come in time, the error shows what was seen last, be it a value or an error.
 */
export async function waitUntil<T>(look: () => T | Promise<T>, options: WaitUntilOptions = {}): Promise<Found<T>> {
  const { timeoutMs = GIVE_UP_MS, describe = 'a condition' } = options
  const giveUpAt = performance.now() + timeoutMs
  for (;;) {
    const seen = await observe(look)
    if (seen.found) return seen.value as Found<T>
    if (performance.now() >= giveUpAt) {
      const what = typeof describe === 'string' ? describe : describe()
      throw new Error(`Waited ${timeoutMs} ms for ${what}; last seen: ${inspect(seen.value, { depth: 6 })}`)
    }
    await sleep(LOOK_AGAIN_MS)
  }
}

async function observe<T>(look: () => T | Promise<T>): Promise<{ found: boolean; value: unknown }> {
  try {
    const value = await look()
    return { found: value !== undefined && value !== null && value !== false, value }
  } catch (error) {
    // An assertion that does not hold yet.
    return { found: false, value: error }
  }
}
