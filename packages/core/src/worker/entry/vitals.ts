import { url as inspectorUrl } from 'node:inspector'
import type { Vitals } from '../../ipc/protocol.js'
import type { CallsView } from '../../runner/calls-in-flight.js'
import type { ServiceProbes } from '../../runner/service-probes.js'

type Utilization = ReturnType<typeof performance.eventLoopUtilization>

/** Where the signs are read; each undefined until there is one. */
export interface VitalSources {
  readonly calls: () => CallsView | undefined
  readonly connections: () => number | undefined
  readonly probes: () => Pick<ServiceProbes, 'ready' | 'alive'> | undefined
  /** In bytes. Default: what is resident of this process. */
  readonly memory?: () => number
}

/** How this worker fares: read once a heartbeat, and cheap enough for that. */
export class VitalSigns {
  readonly #sources: VitalSources
  #last: Utilization = performance.eventLoopUtilization()
  #rssBytes = 0

  constructor(sources: VitalSources) {
    this.#sources = sources
  }

  read(): Vitals {
    const calls = this.#sources.calls()
    const probes = this.#sources.probes()
    const current = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(current, this.#last)
    this.#last = current
    return {
      inFlight: calls?.size ?? 0,
      oldestCallMs: Math.round(calls?.oldestMs() ?? 0),
      calls: calls?.ended ?? 0,
      callLimit: calls?.limit ?? 0,
      connections: this.#sources.connections(),
      loopUtilization: Math.round(utilization * 1000) / 1000,
      rssBytes: this.#readRss(),
      inspected: inspectorUrl() !== undefined,
      ready: probes?.ready ?? true,
      alive: probes?.alive ?? true,
    }
  }

  /** It is read from a file: with no descriptor left that throws, and must not end the worker. */
  #readRss(): number {
    try {
      this.#rssBytes = (this.#sources.memory ?? process.memoryUsage.rss)()
    } catch {
      // The last figure stands.
    }
    return this.#rssBytes
  }
}
