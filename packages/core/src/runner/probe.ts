import type { Logger } from '../observe/logger.js'
import { isThenable } from './api-call.js'

export interface ProbeOptions {
  /** Its name, for the log. */
  readonly name: string
  /** The user's method; undefined: the service has none, and all is well. */
  readonly ask: (() => unknown) | undefined
  /** What counts before the first answer. */
  readonly initially: boolean
  readonly now: () => number
  readonly log: Logger
}

/** An answer that has not come after so long counts as false until it comes. */
export const PROBE_LIMIT_MS = 5_000

/**
 * A question to the service that is asked again and again: the last answer stands until the next. One at a time: as
 * long as one is open, no other is asked. An error counts as false, and is said once until there is an answer again.
 */
export class Probe {
  readonly #options: ProbeOptions
  #answer: boolean
  #askedAt: number | undefined
  #hasFailed = false
  #onTrue: (() => void)[] = []

  constructor(options: ProbeOptions) {
    this.#options = options
    this.#answer = options.ask === undefined || options.initially
  }

  get answer(): boolean {
    return this.#answer
  }

  ask(): void {
    const { ask, now } = this.#options
    if (ask === undefined) return
    if (this.#askedAt !== undefined) {
      if (now() - this.#askedAt >= PROBE_LIMIT_MS) this.#fail(new Error(`no answer after ${PROBE_LIMIT_MS} ms`))
      return
    }
    let answer: unknown
    try {
      answer = ask()
    } catch (error) {
      this.#fail(error)
      return
    }
    if (isThenable(answer)) this.#await(answer)
    else this.#settle(Boolean(answer))
  }

  /** Resolves once the answer is true. */
  whenTrue(): Promise<void> {
    if (this.#answer) return Promise.resolve()
    return new Promise((resolve) => this.#onTrue.push(resolve))
  }

  #await(answer: PromiseLike<unknown>): void {
    this.#askedAt = this.#options.now()
    const done = (): void => {
      this.#askedAt = undefined
    }
    answer.then(
      (value) => {
        done()
        this.#settle(Boolean(value))
      },
      (error: unknown) => {
        done()
        this.#fail(error)
      },
    )
  }

  #settle(answer: boolean): void {
    this.#hasFailed = false
    this.#answer = answer
    if (!answer) return
    for (const resolve of this.#onTrue.splice(0)) resolve()
  }

  #fail(error: unknown): void {
    this.#answer = false
    if (this.#hasFailed) return
    this.#hasFailed = true
    const { log, name } = this.#options
    log.error({ err: error }, `${name} failed: until it answers, that counts as false`)
  }
}
