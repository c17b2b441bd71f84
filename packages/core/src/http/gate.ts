import { createError } from '../errors/service-error.js'
import { DEFAULT_MAX_QUEUE } from '../plan/supervision-defaults.js'
import { ApiStream } from '../runner/api-stream.js'
import type { CallHandler } from '../runner/call-request.js'
import type { ServiceDefinition } from '../service/service-definition.js'

/** The status of a refusal that is no client's. */
const INSIDE = 503

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

  /**
   * Resolves when the owner may run; undefined: at once. Each entry is paid back with `leave`. `statusCode`: of one that
   * is refused, 429 where a client is told, 503 inside.
   */
  enter(owner: object, statusCode = 429): Promise<void> | undefined {
    const { service, maxConcurrency, maxQueue } = this.#limits
    if (this.#running < maxConcurrency) {
      this.#running++
      return undefined
    }
    if (this.#queue.length >= maxQueue) {
      throw createError('EKB_ERR_OVERLOADED', { service, queued: this.#queue.length }, { statusCode })
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

/** The gate of a service; undefined: it takes all calls at once. */
export function makeGate({ name: service, settings: { traffic = {} } }: ServiceDefinition): Gate | undefined {
  const { maxConcurrency, maxQueue = DEFAULT_MAX_QUEUE } = traffic
  return maxConcurrency === undefined ? undefined : new Gate({ service, maxConcurrency, maxQueue })
}

/** Runs a call when its turn has come. */
export async function throughGate(gate: Gate, owner: object, call: () => unknown): Promise<unknown> {
  await gate.enter(owner)
  return leaveAfter(gate, call)
}

/** A service's handler for calls from inside: each waits for its turn for as long as its caller does. */
export function gatedHandler(gate: Gate, handler: CallHandler): CallHandler {
  return async (api, input, request) => {
    const turn = gate.enter(request, INSIDE)
    if (turn !== undefined) {
      const { signal } = request
      const forget = (): void => gate.forget(request, signal.reason)
      if (signal.aborted) forget()
      else signal.addEventListener('abort', forget, { once: true })
      await turn
      signal.removeEventListener('abort', forget)
    }
    return leaveAfter(gate, () => handler(api, input, request))
  }
}

async function leaveAfter(gate: Gate, call: () => unknown): Promise<unknown> {
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
