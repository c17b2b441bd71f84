import type { Logger } from '../observe/logger.js'
import { sharedSlot } from '../util/shared-state.js'

/** Those who are told that a drain begins: once, and at once where it has begun. */
export class DrainListeners {
  readonly #log: Logger
  readonly #listeners = new Set<() => void>()
  #hasBegun = false

  constructor(log: Logger) {
    this.#log = log
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Until the returned function is called. */
  add(listener: () => void): () => void {
    if (this.#hasBegun) this.#tell(listener)
    else this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  begin(): void {
    this.#hasBegun = true
    for (const listener of this.#listeners) {
      this.#listeners.delete(listener)
      this.#tell(listener)
    }
  }

  /** One that throws keeps no other from being told. */
  #tell(listener: () => void): void {
    try {
      listener()
    } catch (err) {
      this.#log.error({ err }, 'a listener of onDrain() failed')
    }
  }
}

/** The mounts of a process that nobody supervises, for whoever ends its app in an orderly way. */
const ofProcess = (): Set<() => void> => sharedSlot('process-drain', () => new Set<() => void>())

/** Calls back when the app of this process begins to stop, until the returned function is called. */
export function onProcessDrain(listener: () => void): () => void {
  ofProcess().add(listener)
  return () => void ofProcess().delete(listener)
}

/** The app that runs in this process begins to stop. */
export function beginProcessDrain(): void {
  for (const listener of ofProcess()) listener()
}
