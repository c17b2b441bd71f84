import { setImmediate } from 'node:timers'

/** The first of a batch waits no longer for answers that come as fast as they do. */
const FULL_MS = 1
/** A turn that takes so long does something else than answer. */
const SLOW_MS = 10
/** Answers that do not wait after a slow turn. */
const SLOW_PASSES = 1000
/** The same after turns with one answer each, at most. */
const MAX_LONE_PASSES = 15

/** Taken when it is loaded: tests of users put timers of their own in place of Node's. */
const afterTurn = setImmediate

/**
 * Sends the answers that are ready in one turn of the event loop together, at its end. A write wakes the client that waits
 * for it, which is a good part of what a small answer costs; in a row they wake it once, and the same code runs again and
 * again (docs/decisions/0016).
 *
 *   empty ──▶ holding ──▶ empty (at the end of the turn, or after FULL_MS)
 *                └──────▶ passing (there was one answer, or work that blocks held it up: so many are not held) ──▶ empty
 */
export class AnswerBatch {
  #held: (() => void)[] = []
  /** When the first of them came. */
  #since = 0
  /** So many more are sent at once. */
  #passes = 0
  /** Of the last turn with one answer; doubled from one such to the next. */
  #lonePasses = 0
  readonly #now: () => number

  constructor(now = () => performance.now()) {
    this.#now = now
  }

  /** `send` is called once, before the next turn; it must not throw. */
  add(send: () => void): void {
    if (this.#passes > 0) {
      this.#passes--
      return send()
    }
    const now = this.#now()
    if (this.#held.push(send) === 1) {
      this.#since = now
      afterTurn(this.#flush)
    } else if (now - this.#since >= FULL_MS) this.#flush()
  }

  readonly #flush = (): void => {
    const held = this.#held
    // It was full before its turn ended.
    if (held.length === 0) return
    this.#held = []
    this.#lonePasses = held.length > 1 ? 0 : Math.min(this.#lonePasses * 2 + 1, MAX_LONE_PASSES)
    this.#passes = this.#now() - this.#since < SLOW_MS ? this.#lonePasses : SLOW_PASSES
    for (const send of held) send()
  }
}
