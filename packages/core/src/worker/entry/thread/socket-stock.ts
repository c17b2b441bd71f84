import { closeSync } from 'node:fs'

/**
 * The descriptors of the public socket that no thread has taken yet. Each thread needs one of its own: closing one that
 * two share would close it for both.
 */
export class SocketStock {
  readonly #free: number[]
  #isCleared = false

  constructor(first: number, count: number) {
    this.#free = Array.from({ length: count }, (_, index) => first + index)
  }

  /** undefined: there is none left. */
  take(): number | undefined {
    return this.#free.shift()
  }

  /** A thread has ended that did not listen on it. */
  giveBack(fd: number): void {
    if (this.#isCleared) closeSync(fd)
    else this.#free.push(fd)
  }

  /** Nobody will listen any more: one that stays open would have clients wait whom nobody serves. */
  clear(): void {
    this.#isCleared = true
    for (const fd of this.#free.splice(0)) closeSync(fd)
  }
}
