import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface MetricSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The supervisor waits so long for its workers. */
const COLLECT_MS = 500
const MOST_TRIES = 10

const HELP = /^# HELP ([a-zA-Z_:][\w:]*) ((?:[^\\]|\\\\|\\n)+)$/
const TYPE = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram)$/
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\["\\n])*"(?:,(?!\})|(?=\})))+)\})? (\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"/g
const NUMBER = /^(?:[+-]Inf|NaN|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/

/**
 * Reads Prometheus' text format as strictly as its specification is written: each metric has HELP and TYPE, once and
 * before its samples, all its samples lie together, no series comes twice, histograms are cumulative and complete.
 */
export function parseMetrics(exposition: string): MetricSample[] {
  assert.ok(exposition.endsWith('\n'), 'the last line has no end')
  const samples: MetricSample[] = []
  const types = new Map<string, string>()
  const series = new Set<string>()
  let helped: string | undefined
  let family: string | undefined
  for (const line of exposition.slice(0, -1).split('\n')) {
    const help = HELP.exec(line)
    const type = TYPE.exec(line)
    if (help !== null) {
      assert.ok(!types.has(help[1] as string), `twice: ${line}`)
      helped = help[1]
      continue
    }
    if (type !== null) {
      assert.equal(type[1], helped, `no HELP before: ${line}`)
      family = type[1] as string
      types.set(family, type[2] as string)
      continue
    }
    const match = SAMPLE.exec(line)
    assert.ok(match !== null && NUMBER.test(match[3] as string), `not Prometheus: ${line}`)
    const [, name = '', labelText = '', value] = match
    const suffix = types.get(family ?? '') === 'histogram' ? /(_bucket|_sum|_count)$/ : /$^/
    assert.equal(name.replace(suffix, ''), family, `no HELP and TYPE before: ${line}`)
    const key = `${name}{${labelText}}`
    assert.ok(!series.has(key), `twice: ${line}`)
    series.add(key)
    const labels = Object.fromEntries([...labelText.matchAll(LABEL)].map(([, label, text]) => [label, text as string]))
    samples.push({ name, labels, value: value === '+Inf' ? Infinity : Number(value) })
  }
  checkHistograms(samples, types)
  return samples
}

function checkHistograms(samples: readonly MetricSample[], types: ReadonlyMap<string, string>): void {
  for (const [family] of [...types].filter(([, type]) => type === 'histogram')) {
    for (const { labels, value: count } of samples.filter(({ name }) => name === `${family}_count`)) {
      const buckets = samples.filter(({ name, labels: own }) => name === `${family}_bucket` && includes(own, labels))
      const limits = buckets.map(({ labels: { le } }) => (le === '+Inf' ? Infinity : Number(le)))
      const values = buckets.map(({ value }) => value)
      assert.deepEqual(
        limits,
        limits.toSorted((a, b) => a - b),
      )
      assert.deepEqual(
        values,
        values.toSorted((a, b) => a - b),
        `${family} is not cumulative`,
      )
      assert.deepEqual([limits.at(-1), values.at(-1)], [Infinity, count])
      assert.ok(samples.some(({ name, labels: own }) => name === `${family}_sum` && includes(own, labels)))
    }
  }
}

/** GET /metrics, read strictly: again where it took so long that a worker may have been left out of it. */
export async function readMetrics(url: string): Promise<MetricSample[]> {
  for (let tries = 1; ; tries++) {
    const askedAt = performance.now()
    const samples = await readMetricsOnce(url)
    if (performance.now() - askedAt < COLLECT_MS || tries === MOST_TRIES) return samples
  }
}

/** The same, of those workers that have told in time what they have counted. */
export async function readMetricsOnce(url: string): Promise<MetricSample[]> {
  const sent = request(`${url}/metrics`, { agent: false }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const body = await text(answer)
  assert.equal(answer.statusCode, 200, body)
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  return parseMetrics(body)
}

/** The sum of the series of one name that have these labels. */
export function total(samples: readonly MetricSample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name && includes(sample.labels, labels))
    .reduce((sum, { value }) => sum + value, 0)
}

function includes(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}
