import { CountTotals } from '../metrics/count-totals.js'
import { formatExposition } from '../metrics/format-exposition.js'
import { metricFamilies } from '../metrics/metric-families.js'
import type { WorkerCounts } from '../metrics/worker-counts.js'

/** Rows of a table: far more than a service has apis and codes. */
const MAX_ROWS = 1_000

/** What renders the metrics of a service that runs in this process, as a supervisor would. */
export function renderOwnMetrics(service: string, counts: WorkerCounts): () => Promise<string> {
  const requests = new CountTotals(MAX_ROWS)
  const handshakes = new CountTotals(MAX_ROWS)
  const none = new CountTotals(MAX_ROWS)
  return async () => {
    const report = counts.take()
    for (const row of report?.requests ?? []) requests.add([service], row)
    for (const row of report?.handshakes ?? []) handshakes.add([service], row)
    const rssBytes = process.memoryUsage.rss()
    const worker = { slot: 0, state: 'ready' as const, inFlight: undefined, rssBytes, loopUtilization: undefined }
    const services = [{ name: service, workers: [worker] }]
    const others = { handshakes, calls: none, restarts: none, reloads: none }
    return formatExposition(metricFamilies({ requests, ...others, services, supervisorRssBytes: rssBytes }))
  }
}
