import { type CountRow, CountTable } from './count-table.js'

/** What a worker has counted since its last report. */
export interface CountReport {
  /** Requests, or calls of other services, that it served. */
  readonly requests: readonly CountRow[]
  /** By the service that was called: calls that it made. */
  readonly calls: Readonly<Record<string, readonly CountRow[]>>
  /** By reason: connections that never came to be encrypted. */
  readonly handshakes: readonly CountRow[]
}

/** The counters of one worker. */
export class WorkerCounts {
  readonly requests = new CountTable()
  readonly handshakes = new CountTable()
  readonly #calls = new Map<string, CountTable>()

  /** The counters of its calls to another service. */
  callsTo(service: string): CountTable {
    const existing = this.#calls.get(service)
    if (existing !== undefined) return existing
    const table = new CountTable()
    this.#calls.set(service, table)
    return table
  }

  /** What was counted since the last time; undefined: nothing. */
  take(): CountReport | undefined {
    const requests = this.requests.take()
    const calls: Record<string, readonly CountRow[]> = {}
    const handshakes = this.handshakes.take()
    let isEmpty = requests.length === 0 && handshakes.length === 0
    for (const [service, table] of this.#calls) {
      const rows = table.take()
      if (rows.length === 0) continue
      calls[service] = rows
      isEmpty = false
    }
    return isEmpty ? undefined : { requests, calls, handshakes }
  }
}
