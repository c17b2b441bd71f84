export const OUTCOMES = ['ok', 'unexpected body', 'unexpected status', 'reset', 'refused', 'timeout', 'write error']

const KEPT_FAILURES = 20_000
const KEPT_SLOWEST = 10

/** The books of a load: how each request ended, which took longest and when. Times are in milliseconds of the epoch. */
export class Tally {
  #outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]))
  #profiles = {}
  #failures = []
  #answerers = new Map()

  /** `ms` is what the server is answerable for: without the client's own pauses, the relay, and the work asked for. */
  add({ profile, outcome, at, endedAt, ms, pid, ...more }) {
    this.#outcomes[outcome]++
    this.#profiles[profile] ??= { sent: 0, failed: 0, slowest: [] }
    const books = this.#profiles[profile]
    books.sent++
    if (outcome !== 'ok') {
      books.failed++
      if (this.#failures.length < KEPT_FAILURES)
        this.#failures.push({ profile, outcome, at, endedAt, ms, pid, ...more })
      return
    }
    this.#note(books.slowest, { profile, at, ms, pid })
    const seen = this.#answerers.get(pid)
    if (seen === undefined) this.#answerers.set(pid, { firstAnsweredAt: endedAt, lastBegunAt: at })
    else seen.lastBegunAt = Math.max(seen.lastBegunAt, at)
  }

  report() {
    const books = Object.values(this.#profiles)
    const sent = books.reduce((sum, { sent }) => sum + sent, 0)
    return {
      sent,
      failed: sent - this.#outcomes.ok,
      outcomes: this.#outcomes,
      profiles: this.#profiles,
      failures: this.#failures,
      slowest: books.flatMap(({ slowest }) => slowest).sort((a, b) => b.ms - a.ms),
      /** By process: when its first answer was there, and when the last request was begun that it answered. */
      answerers: [...this.#answerers].map(([pid, seen]) => ({ pid, ...seen })),
    }
  }

  #note(slowest, record) {
    if (slowest.length === KEPT_SLOWEST && slowest.at(-1).ms >= record.ms) return
    slowest.push(record)
    slowest.sort((a, b) => b.ms - a.ms)
    slowest.length = Math.min(slowest.length, KEPT_SLOWEST)
  }
}
