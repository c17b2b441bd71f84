import { createError } from '../errors/service-error.js'
import type { Logger } from '../observe/logger.js'

/** Warns of metrics of an app's that cannot be told: once of each, as it is the same at every scrape. */
export class LeftOutMetrics {
  readonly #told = new Set<string>()
  readonly #log: () => Pick<Logger, 'warn'>

  constructor(log: () => Pick<Logger, 'warn'>) {
    this.#log = log
  }

  note(name: string, reason: string): void {
    if (this.#told.has(name)) return
    this.#told.add(name)
    const { code, message } = createError('EKB_ERR_METRICS_LEFT_OUT', { name, reason })
    this.#log().warn({ code }, message)
  }

  /** The whole registry could not be read. */
  noteAll(reason: string): void {
    this.note('all metrics of its registry', reason)
  }
}
