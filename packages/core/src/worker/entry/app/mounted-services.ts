import type { MountedService } from '../../../hosting/host-session.js'
import { createLogger } from '../../../observe/create-logger.js'
import { ServiceProbes } from '../service-probes.js'

/** The services that run in this process because the app has mounted them. */
export class MountedServices {
  readonly #joined = new Map<MountedService, ServiceProbes>()

  /** Until the returned function is called, which its own host does when it has stopped it. */
  join(mounted: MountedService): () => void {
    this.#joined.set(mounted, new ServiceProbes(mounted.instance, createLogger({ level: 'warn', format: 'json' })))
    return () => this.#joined.delete(mounted)
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
    for (const { instance } of [...this.#joined.keys()].reverse()) {
      try {
        await instance.onStop?.()
      } catch (error) {
        process.stderr.write(`onStop failed: ${error instanceof Error ? error.stack : String(error)}\n`)
      }
    }
  }
}
