import type { Logger } from '../observe/logger.js'
import { drainBudgetMs } from './stop-budget.js'
import type { Watcher } from './watcher.js'

export interface StopSequenceOptions {
  /** Dependents before what they depend on; the entry service first. */
  readonly groups: readonly (readonly Watcher[])[]
  /** The whole stop, in milliseconds. */
  readonly timeoutMs: number
  /** Readiness says no for so long while everything is still served. */
  readonly prestopDelayMs: number
  /** Just before the entry workers stop accepting. */
  readonly beforeDrain: () => void
  readonly now: () => number
  readonly log: Logger
}

/**
 * One graceful stop: dependents drain before their dependencies get their first word, since work in flight still
 * calls them. `hurry` and `kill` may come at any moment and in any number.
 */
export class StopSequence {
  readonly #options: StopSequenceOptions
  #deadlineAt: number
  #killTimer: NodeJS.Timeout | undefined
  #endPause: (() => void) | undefined

  constructor(options: StopSequenceOptions) {
    this.#options = options
    this.#deadlineAt = options.now() + options.timeoutMs
  }

  async run(): Promise<void> {
    const { groups, now, log } = this.#options
    const watchers = groups.flat()
    for (const worker of watchers.flatMap((watcher) => watcher.workers)) worker.tell({ type: 'stopping' })
    await this.#pause()
    this.#options.beforeDrain()
    for (const [index, group] of groups.entries()) {
      const budgetMs = drainBudgetMs(this.#deadlineAt - now(), groups.length - 1 - index)
      log.debug({ services: group.map((watcher) => watcher.plan.name), budgetMs }, 'draining')
      for (const watcher of group) watcher.stop(budgetMs)
      await Promise.all(group.map((watcher) => watcher.whenEmpty()))
    }
    clearTimeout(this.#killTimer)
  }

  /** What is not done after so long is killed. */
  hurry(timeoutMs: number): void {
    this.#deadlineAt = Math.min(this.#deadlineAt, this.#options.now() + timeoutMs)
    clearTimeout(this.#killTimer)
    this.#killTimer = setTimeout(() => this.kill(), this.#deadlineAt - this.#options.now())
    this.#endPause?.()
  }

  kill(): void {
    clearTimeout(this.#killTimer)
    for (const watcher of this.#options.groups.flat()) watcher.kill()
    this.#endPause?.()
  }

  #pause(): Promise<void> {
    const { prestopDelayMs, timeoutMs } = this.#options
    if (prestopDelayMs === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(prestopDelayMs, timeoutMs))
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
