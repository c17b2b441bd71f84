import { createError } from '../errors/service-error.js'
import { ApiStream } from '../runner/api-stream.js'

interface Waiter {
  readonly owner: object
  readonly enter: () => void
  readonly refuse: (reason: unknown) => void
}

export interface GateLimits {
  readonly service: string
  readonly maxConcurrency: number
  readonly maxQueue: number
}

/** Lets so many in at once; so many more wait in order, one more is refused with 429. */
export class Gate {
  readonly #limits: GateLimits
  #running = 0
  #queue: Waiter[] = []

  constructor(limits: GateLimits) {
    this.#limits = limits
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** Resolves when the owner may run; undefined: at once. Each entry is paid back with `leave`. */
  enter(owner: object): Promise<void> | undefined {
    const { service, maxConcurrency, maxQueue } = this.#limits
    if (this.#running < maxConcurrency) {
      this.#running++
      return undefined
    }
    if (this.#queue.length >= maxQueue) {
      throw createError('EKB_ERR_OVERLOADED', { service, queued: this.#queue.length }, { statusCode: 429 })
    }
    return new Promise((enter, refuse) => this.#queue.push({ owner, enter, refuse }))
  }

  /** One that ran is done: the next one's turn. */
  leave(): void {
    const next = this.#queue.shift()
    // The place goes from one to the other: nobody who comes now gets in between.
    if (next !== undefined) next.enter()
    else this.#running--
  }

  /** The owner waits no longer. */
  forget(owner: object, reason: unknown): void {
    const at = this.#queue.findIndex((waiter) => waiter.owner === owner)
    if (at !== -1) this.#queue.splice(at, 1)[0]?.refuse(reason)
  }
}

/** Runs a call when its turn has come. */
export async function throughGate(gate: Gate, owner: object, call: () => unknown): Promise<unknown> {
  await gate.enter(owner)
  let result: unknown
  try {
    // Not before the call has ended, though its time be up: the limit is on what runs, not on who waits.
    result = await call()
  } catch (error) {
    gate.leave()
    throw error
  }
  if (result instanceof ApiStream) result.onEnd(() => gate.leave())
  else gate.leave()
  return result
}
