import type { ConnectionTable } from '../../../http/connection-table.js'

/** How often it looks whether plain requests are still being answered. */
const CHECK_MS = 100
/** Clients that connect anew all at once would be a burst: they are sent away over so long. */
const SPREAD_MS = 3_000

/**
 * Ends connections that were taken over (WebSocket and the like), when the last plain request has been answered: each is
 * half-closed, so that what is under way arrives, and its client connects anew elsewhere. Those that stay are cut at the
 * deadline of the drain.
 */
export class UpgradeDrain {
  readonly #connections: ConnectionTable
  readonly #spreadMs: number
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(connections: ConnectionTable, deadlineMs: number) {
    this.#connections = connections
    this.#spreadMs = Math.min(SPREAD_MS, deadlineMs / 2)
    this.#watch()
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #watch(): void {
    const open = [...this.#connections]
    const upgraded = open.filter(({ isUpgraded }) => isUpgraded)
    if (upgraded.length < open.length || upgraded.length === 0) {
      this.#after(CHECK_MS, () => this.#watch())
      return
    }
    for (const [index, { socket }] of upgraded.entries()) {
      this.#after((this.#spreadMs * index) / upgraded.length, () => socket.end())
    }
  }

  #after(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, ms)
    this.#timers.add(timer)
  }
}
