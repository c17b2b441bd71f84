import { type Deferred, deferred } from './deferred.js'

/** Lets others wait for what a change brings about. */
export class Changes {
  readonly #waiters: Deferred<void>[] = []

  /** Something has changed. */
  tell(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve()
  }

  /** Resolves as soon as it is so; looked at now, and after each change. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const waiter = deferred()
      this.#waiters.push(waiter)
      await waiter.promise
    }
  }
}
