/** What is used of a registry of prom-client's: any object that lists its metrics as prom-client does will do. */
export interface MetricsRegistry {
  getMetricsAsJSON(): Promise<readonly unknown[]> | readonly unknown[]
}

/** Metrics of an app's own. */
export interface MetricsOptions {
  /** The app's own registry, in each worker the one of that worker; `/metrics` answers with all of them merged. */
  readonly registry: MetricsRegistry
}

/** One series: its full name, its labels, its value; as text where JSON has no such number. */
export type AppSeries = readonly [name: string, labels: Readonly<Record<string, string>>, value: number | string]

/** A metric of the app's own registry, as a worker tells it, and as all workers' come to. */
export interface AppMetric {
  readonly name: string
  readonly help: string
  readonly type: string
  /** How the values of several workers make one. */
  readonly aggregator: string
  readonly series: readonly AppSeries[]
}

/** As prom-client lists a metric. */
interface ListedMetric {
  readonly name: string
  readonly help?: string
  readonly type: string
  readonly aggregator?: string
  readonly values: readonly {
    readonly metricName?: string
    readonly labels?: Readonly<Record<string, string | number>>
    readonly value: number
  }[]
}

/** What a registry lists, made ready for the way to the supervisor. */
export function toAppMetrics(listed: readonly unknown[]): AppMetric[] {
  return (listed as readonly ListedMetric[]).map(({ name, help = name, type, aggregator = 'sum', values }) => ({
    name,
    help,
    type,
    aggregator,
    series: values.map(({ metricName = name, labels = {}, value }) => [
      metricName,
      Object.fromEntries(Object.entries(labels).map(([label, text]) => [label, String(text)])),
      Number.isFinite(value) ? value : String(value),
    ]),
  }))
}
