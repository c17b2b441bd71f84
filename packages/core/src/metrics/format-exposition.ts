import type { AppMetric } from './app-metric.js'

type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels: Labels
  readonly value: number
}

export interface HistogramSample {
  readonly labels: Labels
  readonly count: number
  readonly sum: number
  /** What each bucket holds; none is counted in another. */
  readonly buckets: readonly number[]
}

/** All series of one name. */
export type MetricFamily = {
  readonly name: string
  readonly help: string
} & (
  | { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] }
  | {
      readonly type: 'histogram'
      /** Upper limits of the buckets, but for the last, which has none. */
      readonly limits: readonly number[]
      readonly samples: readonly HistogramSample[]
    }
)

/** Prometheus' text format, version 0.0.4. */
export function formatExposition(families: readonly MetricFamily[], own: readonly AppMetric[] = []): string {
  return families.map(formatFamily).join('') + own.map(formatAppMetric).join('')
}

function formatHead({ name, help, type }: Pick<AppMetric, 'name' | 'help' | 'type'>): string {
  return `# HELP ${name} ${help.replace(/[\\\n]/g, escapeCharacter)}\n# TYPE ${name} ${type}\n`
}

/** Its histograms are cumulative as they are. */
function formatAppMetric(metric: AppMetric): string {
  const lines = metric.series.map(
    ([name, labels, value]) => `${name}${inBraces(formatLabels(labels))} ${format(Number(value))}\n`,
  )
  return formatHead(metric) + lines.join('')
}

function formatFamily(family: MetricFamily): string {
  const { name } = family
  let text = formatHead(family)
  if (family.type === 'histogram') {
    for (const sample of family.samples) text += formatHistogram(name, family.limits, sample)
  } else {
    for (const { labels, value } of family.samples)
      text += `${name}${inBraces(formatLabels(labels))} ${format(value)}\n`
  }
  return text
}

/** The labels are written once for all lines: a histogram has nearly twenty. */
function formatHistogram(name: string, limits: readonly number[], sample: HistogramSample): string {
  const labels = formatLabels(sample.labels)
  const bucket = `${name}_bucket{${labels === '' ? '' : `${labels},`}le="`
  let text = ''
  let below = 0
  for (let index = 0; index < limits.length; index++) {
    below += sample.buckets[index] ?? 0
    text += `${bucket}${limits[index]}"} ${below}\n`
  }
  const own = inBraces(labels)
  return `${text}${bucket}+Inf"} ${sample.count}\n${name}_sum${own} ${format(sample.sum)}\n${name}_count${own} ${sample.count}\n`
}

function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\\n"]/g, escapeCharacter)}"`)
    .join(',')
}

function inBraces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

function escapeCharacter(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}

function format(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
