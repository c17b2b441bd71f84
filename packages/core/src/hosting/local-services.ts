import type { Logger } from '../observe/logger.js'
import { ServiceProbes } from '../runner/service-probes.js'
import type { LocalService } from './host-session.js'
import { LastCalls } from './last-calls.js'

/** The services that run in this process: the app has mounted them, or they are called there. */
export class LocalServices {
  readonly #log: Logger
  readonly #joined = new Map<LocalService, ServiceProbes>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** Until the returned function is called, which its own host does when it has stopped it. */
  readonly join = (service: LocalService): (() => void) => {
    const probes = new ServiceProbes(service.instance, this.#log)
    this.#joined.set(service, probes)
    // One that starts late is not to count as not ready until it is asked again.
    probes.ask()
    return () => void this.#joined.delete(service)
  }

  /** What they say of themselves, together. */
  get answers(): { readonly ready: boolean; readonly alive: boolean } {
    const all = [...this.#joined.values()]
    return { ready: all.every(({ ready }) => ready), alive: all.every(({ alive }) => alive) }
  }

  ask(): void {
    for (const probes of this.#joined.values()) probes.ask()
  }

  async whenReady(): Promise<void> {
    for (const probes of this.#joined.values()) if (!probes.ready) await probes.whenReady()
  }

  /** Stops those that nobody has stopped: an app of Express has no end of its own at which it would. */
  async stop(): Promise<void> {
    const lastCalls = new LastCalls(this.#log)
    for (const service of [...this.#joined.keys()].reverse()) {
      await lastCalls.of(service)
      try {
        await service.instance.onStop?.()
      } catch (error) {
        process.stderr.write(`onStop failed: ${error instanceof Error ? error.stack : String(error)}\n`)
      }
    }
  }
}
