import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AppMetric, toAppMetrics } from './app-metric.js'
import { AppMetrics } from './app-metrics.js'
import { formatExposition } from './format-exposition.js'
import { mergeAppMetrics } from './merge-app-metrics.js'

type Row = readonly [labels: Record<string, string | number>, value: number, metricName?: string]

/** A metric as prom-client lists it. */
function metric(name: string, type: string, rows: readonly Row[], aggregator = 'sum'): AppMetric {
  const values = rows.map(([labels, value, metricName]) => ({ labels, value, metricName }))
  return toAppMetrics([{ name, help: `Of ${name}.`, type, values, aggregator }])[0] as AppMetric
}

function histogram(limits: readonly (number | string)[], counts: readonly number[]): AppMetric {
  const buckets = limits.map((le, index): Row => [{ le }, counts[index] as number, 'took_seconds_bucket'])
  return metric('took_seconds', 'histogram', [
    ...buckets,
    [{}, 7, 'took_seconds_sum'],
    [{}, counts.at(-1) as number, 'took_seconds_count'],
  ])
}

const text = (...registries: AppMetric[][]): string => formatExposition([], mergeAppMetrics(registries).metrics)

const reasons = (...registries: AppMetric[][]): Record<string, string> =>
  Object.fromEntries(mergeAppMetrics(registries).leftOut.map(({ name, reason }) => [name, reason]))

describe('mergeAppMetrics', () => {
  it('adds series of the same labels, in whatever order these stand', () => {
    assert.equal(
      text(
        [metric('jobs_total', 'counter', [[{ kind: 'mail', to: 'x' }, 2]])],
        [
          metric('jobs_total', 'counter', [
            [{ to: 'x', kind: 'mail' }, 3],
            [{ kind: 'fax', to: 'x' }, 1],
          ]),
        ],
      ),
      [
        '# HELP jobs_total Of jobs_total.',
        '# TYPE jobs_total counter',
        'jobs_total{kind="mail",to="x"} 5',
        'jobs_total{kind="fax",to="x"} 1',
        '',
      ].join('\n'),
    )
  })

  it('makes one value of several as the metric says', () => {
    const of = (aggregator: string): string | undefined =>
      text(...[4, 1, 7].map((value) => [metric('x', 'gauge', [[{}, value]], aggregator)])).split('\n')[2]
    assert.deepEqual(['sum', 'min', 'max', 'average', 'first', 'omit', 'of a later version'].map(of), [
      'x 12',
      'x 1',
      'x 7',
      'x 4',
      'x 4',
      undefined,
      'x 12',
    ])
  })

  it('keeps numbers that JSON has not', () => {
    const listed = metric('x', 'gauge', [
      [{ a: 1 }, Number.NaN],
      [{ a: 2 }, Infinity],
      [{ a: 3 }, -Infinity],
    ])
    assert.deepEqual(
      text([JSON.parse(JSON.stringify(listed))])
        .split('\n')
        .slice(2, 5),
      ['x{a="1"} NaN', 'x{a="2"} +Inf', 'x{a="3"} -Inf'],
    )
  })

  it('adds histograms bucket by bucket, and summaries without their quantiles', () => {
    const limits = [0.1, 1, '+Inf']
    const merged = text(
      [histogram(limits, [1, 2, 3])],
      [histogram(limits, [0, 4, 4])],
      [
        metric('size', 'summary', [
          [{ quantile: 0.5 }, 3],
          [{}, 9, 'size_sum'],
          [{}, 3, 'size_count'],
        ]),
      ],
    )
    assert.deepEqual(
      merged.split('\n').filter((line) => !line.startsWith('#')),
      [
        'took_seconds_bucket{le="0.1"} 1',
        'took_seconds_bucket{le="1"} 6',
        'took_seconds_bucket{le="+Inf"} 7',
        'took_seconds_sum 14',
        'took_seconds_count 7',
        'size_sum 9',
        'size_count 3',
        '',
      ],
    )
  })

  it('leaves out what cannot be told, with the reason, and tells the rest', () => {
    const one = [
      metric('a', 'counter', [[{}, 1]]),
      metric('ekiben_x', 'gauge', [[{}, 1]]),
      histogram([1, '+Inf'], [1, 1]),
    ]
    const two = [metric('a', 'gauge', [[{}, 5]]), metric('b', 'gauge', [[{}, 2]]), histogram([2, '+Inf'], [1, 1])]
    const odd = [metric('c', 'magic', []), metric('d e', 'gauge', []), metric('f', 'gauge', [[{ 'g-h': 'i' }, 1]])]
    assert.deepEqual(reasons(one, two, odd), {
      a: 'it is a counter in one worker and a gauge in another',
      ekiben_x: "names that begin with ekiben_ are Ekiben's own",
      took_seconds: 'its buckets are not the same in all workers',
      c: 'its type is magic, which is none of counter, gauge, histogram, summary',
      'd e': "Prometheus allows no such name: 'd e'",
      f: "Prometheus allows no such name: 'g-h'",
    })
    assert.match(text(one, two, odd), /^a 1$[\s\S]*^b 2$/m)
    assert.doesNotMatch(text(one, two, odd), /ekiben_x|magic|d e |g-h/)
  })

  it('takes the buckets of a histogram that has counted, beside one that has not', () => {
    const none = metric('took_seconds', 'histogram', [])
    assert.deepEqual(reasons([none], [histogram([1, '+Inf'], [1, 2])], [none]), {})
    assert.match(text([none], [histogram([1, '+Inf'], [1, 2])]), /^took_seconds_bucket\{le="1"\} 1$/m)
  })
})

describe('AppMetrics', () => {
  const told = (metrics: AppMetrics): string[] =>
    metrics.merged().metrics.flatMap(({ series }) => series.map(([name, , value]) => `${name} ${value}`))

  it('takes the last word of each worker, and keeps what one that is gone has counted', () => {
    const metrics = new AppMetrics(100)
    const [first, second] = [{}, {}]
    metrics.learn(first, [metric('a_total', 'counter', [[{}, 1]])])
    metrics.learn(first, [metric('a_total', 'counter', [[{}, 3]]), metric('b', 'gauge', [[{}, 9]])])
    metrics.learn(second, [metric('a_total', 'counter', [[{}, 2]])])
    assert.deepEqual(told(metrics), ['a_total 5', 'b 9'])
    metrics.forget(first)
    assert.deepEqual(told(metrics), ['a_total 5'])
    metrics.forget(first)
    metrics.forget(second)
    assert.deepEqual(told(metrics), ['a_total 5'])
  })

  it('keeps no metric that the app has made another of', () => {
    const metrics = new AppMetrics(100)
    const [old, young] = [{}, {}]
    metrics.learn(old, [metric('a', 'counter', [[{}, 1]])])
    metrics.forget(old)
    metrics.learn(young, [metric('a', 'histogram', [[{ le: '+Inf' }, 5, 'a_bucket']])])
    assert.deepEqual(told(metrics), ['a_bucket 5'])
    metrics.forget(young)
    assert.deepEqual([told(metrics), metrics.merged().leftOut], [['a_bucket 5'], []])
  })

  it('keeps no more series than it may, and no part of a metric', () => {
    const metrics = new AppMetrics(3)
    const worker = {}
    const rows = [1, 2].map((a): Row => [{ a }, a])
    metrics.learn(
      worker,
      ['x', 'y', 'z'].map((name) => metric(name, 'counter', name === 'z' ? [[{}, 7]] : rows)),
    )
    metrics.forget(worker)
    assert.deepEqual(told(metrics), ['x 1', 'x 2', 'z 7'])
  })
})
