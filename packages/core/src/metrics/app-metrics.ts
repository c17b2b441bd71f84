import type { AppMetric } from './app-metric.js'
import { type MergedMetrics, mergeAppMetrics } from './merge-app-metrics.js'

/** Sums that outlive the workers they are of. */
const KEPT_TYPES: ReadonlySet<string> = new Set(['counter', 'histogram', 'summary'])

/**
 * The metrics that the workers of an app have in registries of their own. What a worker says replaces what it said
 * before; what it counted stays when it is gone, in at most `maxKept` series.
 */
export class AppMetrics {
  readonly #maxKept: number
  readonly #living = new Map<object, readonly AppMetric[]>()
  #departed: readonly AppMetric[] = []

  constructor(maxKept: number) {
    this.#maxKept = maxKept
  }

  learn(worker: object, metrics: readonly AppMetric[]): void {
    this.#living.set(worker, metrics)
  }

  /** It is gone. */
  forget(worker: object): void {
    const last = this.#living.get(worker)
    if (last === undefined) return
    this.#living.delete(worker)
    const kept = last.filter(({ type, aggregator }) => KEPT_TYPES.has(type) && aggregator === 'sum')
    // Where an older version of the app had another type, that one goes.
    this.#departed = this.#capped(mergeAppMetrics([kept, this.#departed]).metrics)
  }

  /** Of all workers. */
  merged(): MergedMetrics {
    return mergeAppMetrics([...this.#living.values(), this.#departed])
  }

  /** Whole metrics: half a histogram is none. */
  #capped(metrics: readonly AppMetric[]): readonly AppMetric[] {
    let left = this.#maxKept
    return metrics.filter(({ series }) => {
      if (series.length > left) return false
      left -= series.length
      return true
    })
  }
}
