import { deferred } from '../../../util/deferred.js'
import type { MovingDeadline } from '../../../util/moving-deadline.js'
import type { AppSignals } from './app-signals.js'

/** The end of an app, once its connections have drained: it is closed, and does what it does at SIGTERM. */
export class AppEnding {
  readonly #signals: AppSignals
  readonly #closers: (() => unknown)[] = []

  constructor(signals: AppSignals) {
    this.#signals = signals
  }

  add(close: () => unknown): void {
    this.#closers.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#closers) {
      try {
        await close()
      } catch (error) {
        process.stderr.write(`the app failed to close: ${error instanceof Error ? error.stack : String(error)}\n`)
      }
    }
  }

  /** What the app does at SIGTERM may take until the deadline; it may end the process itself. */
  async deliver(deadline: MovingDeadline, unref: () => void): Promise<void> {
    const raised = this.#signals.deliver()
    if (raised === undefined) return
    const ended = deferred()
    process.once('beforeExit', ended.resolve)
    // Only what is the app's own keeps the process alive now.
    process.channel?.unref()
    deadline.unref()
    unref()
    await Promise.race([ended.promise, raised, deadline.passed])
  }
}
