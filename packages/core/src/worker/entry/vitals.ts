import { url as inspectorUrl } from 'node:inspector'
import type { Vitals } from '../../ipc/protocol.js'
import type { CallsInFlight } from '../../runner/calls-in-flight.js'

type Utilization = ReturnType<typeof performance.eventLoopUtilization>

/** How this worker fares: read once a heartbeat, and cheap enough for that. */
export class VitalSigns {
  readonly #calls: () => CallsInFlight | undefined
  #last: Utilization = performance.eventLoopUtilization()
  #rssBytes = 0

  /** `calls`: undefined until it serves. */
  constructor(calls: () => CallsInFlight | undefined) {
    this.#calls = calls
  }

  read(): Vitals {
    const calls = this.#calls()
    const current = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(current, this.#last)
    this.#last = current
    return {
      inFlight: calls?.size ?? 0,
      oldestCallMs: Math.round(calls?.oldestMs() ?? 0),
      calls: calls?.ended ?? 0,
      callLimit: calls?.limit ?? 0,
      loopUtilization: Math.round(utilization * 1000) / 1000,
      rssBytes: this.#readRss(),
      inspected: inspectorUrl() !== undefined,
    }
  }

  /** It is read from a file: with no descriptor left that throws, and must not end the worker. */
  #readRss(): number {
    try {
      this.#rssBytes = process.memoryUsage.rss()
    } catch {
      // The last figure stands.
    }
    return this.#rssBytes
  }
}
