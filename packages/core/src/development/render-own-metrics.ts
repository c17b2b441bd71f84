import { type MetricsRegistry, toAppMetrics } from '../metrics/app-metric.js'
import { CountTotals } from '../metrics/count-totals.js'
import { formatExposition } from '../metrics/format-exposition.js'
import { LeftOutMetrics } from '../metrics/left-out-metrics.js'
import { mergeAppMetrics } from '../metrics/merge-app-metrics.js'
import { metricFamilies } from '../metrics/metric-families.js'
import type { WorkerCounts } from '../metrics/worker-counts.js'
import type { Logger } from '../observe/logger.js'

/** Rows of a table: far more than a service has apis and codes. */
const MAX_ROWS = 1_000

export interface OwnMetrics {
  /** The service, or the app. */
  readonly name: string
  readonly counts: WorkerCounts
  /** The app's own. */
  readonly registry?: MetricsRegistry | undefined
  readonly log: Logger
}

/** What renders the metrics of what runs in this process, as a supervisor would. */
export function renderOwnMetrics({ name, counts, registry, log }: OwnMetrics): () => Promise<string> {
  const requests = new CountTotals(MAX_ROWS)
  const handshakes = new CountTotals(MAX_ROWS)
  const none = new CountTotals(MAX_ROWS)
  const own = registry && readRegistry(registry, log)
  return async () => {
    const report = counts.take()
    for (const row of report?.requests ?? []) requests.add([name], row)
    for (const row of report?.handshakes ?? []) handshakes.add([name], row)
    const rssBytes = process.memoryUsage.rss()
    const worker = { slot: 0, state: 'ready' as const, inFlight: undefined, rssBytes, loopUtilization: undefined }
    const services = [{ name, workers: [worker] }]
    const others = { handshakes, calls: none, restarts: none, reloads: none }
    const families = metricFamilies({ requests, ...others, services, supervisorRssBytes: rssBytes })
    return formatExposition(families, await own?.())
  }
}

/** What the registry holds and can be told. */
function readRegistry(registry: MetricsRegistry, log: Logger) {
  const left = new LeftOutMetrics(() => log)
  return async () => {
    try {
      const { metrics, leftOut } = mergeAppMetrics([toAppMetrics(await registry.getMetricsAsJSON())])
      for (const { name, reason } of leftOut) left.note(name, reason)
      return metrics
    } catch (error) {
      left.noteAll(error instanceof Error ? error.message : String(error))
      return []
    }
  }
}
