/** How often it looks whether plain requests are still being answered. */
const CHECK_MS = 100
/** Clients that connect anew all at once would be a burst: they are sent away over so long. */
const SPREAD_MS = 3_000

/** A connection, as far as it matters here. */
interface OpenConnection {
  readonly isUpgraded: boolean
  readonly socket: { end(): unknown }
}

/**
 * Ends connections that were taken over (WebSocket and the like), when the last plain request has been answered: each is
 * half-closed, so that what is under way arrives, and its client connects anew elsewhere. Those that stay are cut at the
 * deadline of the drain.
 */
export class UpgradeDrain {
  /** Those that are open at the time. */
  readonly #connections: Iterable<OpenConnection>
  readonly #spreadMs: number
  /** Whose client is being sent away. */
  readonly #sent = new WeakSet<OpenConnection>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(connections: Iterable<OpenConnection>, deadlineMs: number) {
    this.#connections = connections
    this.#spreadMs = Math.min(SPREAD_MS, deadlineMs / 2)
    this.#watch()
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #watch(): void {
    const open = [...this.#connections]
    // Who waited in the backlog may come when others have been sent away.
    if (open.every(({ isUpgraded }) => isUpgraded)) this.#sendAway(open.filter((each) => !this.#sent.has(each)))
    this.#after(CHECK_MS, () => this.#watch())
  }

  #sendAway(upgraded: readonly OpenConnection[]): void {
    for (const [index, connection] of upgraded.entries()) {
      this.#sent.add(connection)
      this.#after((this.#spreadMs * index) / upgraded.length, () => connection.socket.end())
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
