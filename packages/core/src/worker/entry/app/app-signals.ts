import { deferred } from '../../../util/deferred.js'

export interface AppSignalsOptions {
  /** This process was told to stop by somebody who is not its supervisor. */
  readonly onTerminate: () => void
  readonly onQuit: () => void
}

type Emit = (event: string | symbol, ...args: unknown[]) => boolean

/** An unhandled USR1 opens the inspector; a terminal's signals are for the supervisor. */
const IGNORED = ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const
const TERM_NUMBER = 15
const INT_NUMBER = 2

/**
 * Keeps the signals that end a process from an app: its supervisor tells a worker over their channel what is to become
 * of it. What the app would have done at such a signal it does once, when its last request is answered.
 */
export class AppSignals {
  readonly #emit: Emit
  readonly #ours: Readonly<Record<string, () => void>>
  readonly #raised = deferred()
  #delivered: 'SIGTERM' | 'SIGINT' | undefined

  constructor({ onTerminate, onQuit }: AppSignalsOptions) {
    this.#ours = {
      SIGTERM: onTerminate,
      SIGQUIT: onQuit,
      ...Object.fromEntries(IGNORED.map((signal) => [signal, () => {}])),
    }
    this.#emit = process.emit.bind(process) as Emit
    process.emit = ((event: string | symbol, ...args: unknown[]): boolean => {
      const handler = typeof event === 'string' && Object.hasOwn(this.#ours, event) ? this.#ours[event] : undefined
      if (handler === undefined) return this.#emit(event, ...args)
      if (event === this.#delivered) this.#raised.resolve()
      else handler()
      return true
    }) as typeof process.emit
    // After that: with the first listener of a signal Node takes note of the emit there is. Without one it ends the process.
    for (const signal of Object.keys(this.#ours)) process.on(signal, noop)
  }

  /**
   * Has the app do what it does at SIGTERM, else at SIGINT. The promise resolves where it then raises that signal anew,
   * to end by it as if nobody had listened, as Nest does; undefined: it does nothing at either.
   */
  deliver(): Promise<void> | undefined {
    for (const [signal, number] of [
      ['SIGTERM', TERM_NUMBER],
      ['SIGINT', INT_NUMBER],
    ] as const) {
      if (process.listeners(signal).every((listener) => listener === noop)) continue
      this.#delivered = signal
      this.#emit(signal, signal, number)
      return this.#raised.promise
    }
    return undefined
  }
}

function noop(): void {}
