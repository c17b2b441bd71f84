import type { AppMetric, AppSeries } from './app-metric.js'

/** A metric that is not told of, and why. */
export interface LeftOut {
  readonly name: string
  readonly reason: string
}

export interface MergedMetrics {
  readonly metrics: readonly AppMetric[]
  readonly leftOut: readonly LeftOut[]
}

interface Values {
  readonly name: string
  readonly labels: AppSeries[1]
  readonly values: number[]
}

interface Merging {
  readonly metric: AppMetric
  /** Limits of its buckets; empty: it has none so far. */
  limits: string
  readonly series: Map<string, Values>
}

const OURS = 'ekiben_'
const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary'])
const METRIC_NAME = /^[a-zA-Z_:][\w:]*$/
const LABEL_NAME = /^[a-zA-Z_]\w*$/

/** Makes one registry of several: a metric's type is that of the first that has it. */
export function mergeAppMetrics(registries: readonly (readonly AppMetric[])[]): MergedMetrics {
  const merging = new Map<string, Merging>()
  const leftOut = new Map<string, string>()
  for (const metric of registries.flat()) {
    const reason = refusal(metric) ?? join(merging, metric)
    if (reason !== undefined) leftOut.set(metric.name, reason)
  }
  return {
    metrics: [...merging.values()].map(toMetric),
    leftOut: [...leftOut].map(([name, reason]) => ({ name, reason })),
  }
}

/** Why a metric cannot be told of, whatever the others are. */
function refusal({ name, type, series }: AppMetric): string | undefined {
  if (name.startsWith(OURS)) return `names that begin with ${OURS} are Ekiben's own`
  if (!TYPES.has(type)) return `its type is ${type}, which is none of ${[...TYPES].join(', ')}`
  const names = [name, ...series.map(([full]) => full)]
  const labels = series.flatMap(([, own]) => Object.keys(own))
  const wrong = names.find((each) => !METRIC_NAME.test(each)) ?? labels.find((each) => !LABEL_NAME.test(each))
  return wrong === undefined ? undefined : `Prometheus allows no such name: '${wrong}'`
}

/** Takes one worker's values in; says why it cannot. */
function join(merging: Map<string, Merging>, metric: AppMetric): string | undefined {
  const { name, type, aggregator } = metric
  if (aggregator === 'omit') return undefined
  const limits = bucketLimits(metric)
  const first = merging.get(name) ?? { metric, limits, series: new Map<string, Values>() }
  if (first.metric.type !== type) return `it is a ${first.metric.type} in one worker and a ${type} in another`
  if (first.limits === '') first.limits = limits
  if (limits !== '' && first.limits !== limits) return 'its buckets are not the same in all workers'
  merging.set(name, first)
  for (const [full, labels, value] of metric.series) {
    // A share of the calls of each worker says nothing of those of all.
    if (type === 'summary' && 'quantile' in labels) continue
    const key = JSON.stringify([full, ...Object.entries(labels).toSorted(byName)])
    const known = first.series.get(key)
    if (known === undefined) first.series.set(key, { name: full, labels, values: [Number(value)] })
    else known.values.push(Number(value))
  }
  return undefined
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1
}

function bucketLimits({ type, series }: AppMetric): string {
  if (type !== 'histogram') return ''
  const limits = new Set(series.map(([, { le }]) => le))
  return [...limits].filter((le) => le !== undefined).join(' ')
}

function toMetric({ metric, series }: Merging): AppMetric {
  const { aggregator } = metric
  return {
    ...metric,
    series: [...series.values()].map((each) => [each.name, each.labels, one(aggregator, each.values)]),
  }
}

/** Under the names that prom-client has for them. */
function one(aggregator: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  if (aggregator === 'min') return Math.min(...values)
  if (aggregator === 'max') return Math.max(...values)
  if (aggregator === 'average') return sum / values.length
  return aggregator === 'first' ? (values[0] as number) : sum
}
