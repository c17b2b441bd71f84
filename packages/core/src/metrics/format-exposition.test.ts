import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CountTable } from './count-table.js'
import { CountTotals } from './count-totals.js'
import { formatExposition } from './format-exposition.js'
import { type InstanceFigures, metricFamilies } from './metric-families.js'

const none: InstanceFigures = {
  requests: [],
  calls: [],
  handshakes: [],
  restarts: [],
  reloads: [],
  services: [],
  supervisorRssBytes: 7,
}

const linesOf = (figures: Partial<InstanceFigures>, name: string): string[] =>
  formatExposition(metricFamilies({ ...none, ...figures }))
    .split('\n')
    .filter((line) => line.startsWith(name))

describe('formatExposition', () => {
  it('says what each metric is, and escapes what stands in labels', () => {
    const text = formatExposition([
      {
        name: 'some_total',
        help: 'A \\ and\na line "quoted".',
        type: 'counter',
        samples: [
          { labels: {}, value: 1 },
          { labels: { a: 'x"y\\z\n', b: '' }, value: Infinity },
          { labels: { a: '1' }, value: Number.NaN },
        ],
      },
    ])
    assert.equal(
      text,
      [
        '# HELP some_total A \\\\ and\\na line "quoted".',
        '# TYPE some_total counter',
        'some_total 1',
        'some_total{a="x\\"y\\\\z\\n",b=""} +Inf',
        'some_total{a="1"} NaN',
        '',
      ].join('\n'),
    )
  })
})

describe('metricFamilies', () => {
  it('lists every metric, also where nothing has happened', () => {
    const text = formatExposition(metricFamilies(none))
    assert.deepEqual(
      text.match(/^# TYPE .*$/gm)?.map((line) => line.slice('# TYPE '.length)),
      [
        'ekiben_requests_total counter',
        'ekiben_request_duration_seconds histogram',
        'ekiben_requests_in_flight gauge',
        'ekiben_calls_total counter',
        'ekiben_call_duration_seconds histogram',
        'ekiben_tls_handshake_failures_total counter',
        'ekiben_workers gauge',
        'ekiben_worker_restarts_total counter',
        'ekiben_worker_rss_bytes gauge',
        'ekiben_loop_utilization gauge',
        'ekiben_reloads_total counter',
        'ekiben_supervisor_rss_bytes gauge',
      ],
    )
    assert.deepEqual(linesOf({}, 'ekiben'), ['ekiben_supervisor_rss_bytes 7'])
  })

  it('makes counters and cumulative histograms of totals', () => {
    const table = new CountTable()
    table.add('work', 200, 0.75)
    table.add('work', 200, 40)
    table.add('work', 200, 90_000)
    const calls = new CountTotals(10)
    for (const row of table.take()) calls.add(['Front', 'Back'], row)
    const labels = 'from="Front",to="Back",api="work",code="200"'
    assert.deepEqual(linesOf({ calls }, 'ekiben_calls_total'), [`ekiben_calls_total{${labels}} 3`])
    const histogram = linesOf({ calls }, 'ekiben_call_duration_seconds')
    assert.equal(histogram.length, 19)
    for (const line of [
      `_bucket{${labels},le="0.0005"} 0`,
      `_bucket{${labels},le="0.001"} 1`,
      `_bucket{${labels},le="0.05"} 2`,
      `_bucket{${labels},le="60"} 2`,
      `_bucket{${labels},le="+Inf"} 3`,
      `_sum{${labels}} 90.04075`,
      `_count{${labels}} 3`,
    ]) {
      assert.ok(histogram.includes(`ekiben_call_duration_seconds${line}`), histogram.join('\n'))
    }
  })

  it('counts workers by state, with the zeros, and joins two that share a slot', () => {
    const unknown = { inFlight: undefined, rssBytes: undefined, loopUtilization: undefined }
    const figures: Partial<InstanceFigures> = {
      services: [
        {
          name: 'A',
          workers: [
            { slot: 0, state: 'draining', inFlight: 2, rssBytes: 100, loopUtilization: 0.9 },
            { slot: 0, state: 'ready', inFlight: 1, rssBytes: 50, loopUtilization: 0.1 },
            { slot: 1, state: 'booting', ...unknown },
          ],
        },
      ],
    }
    const states = linesOf(figures, 'ekiben_workers{')
    assert.equal(states.length, 8)
    assert.ok(states.includes('ekiben_workers{service="A",state="ready"} 1'))
    assert.ok(states.includes('ekiben_workers{service="A",state="killing"} 0'))
    assert.deepEqual(linesOf(figures, 'ekiben_requests_in_flight'), ['ekiben_requests_in_flight{service="A"} 3'])
    assert.deepEqual(linesOf(figures, 'ekiben_worker_rss_bytes'), ['ekiben_worker_rss_bytes{service="A",slot="0"} 150'])
    assert.deepEqual(linesOf(figures, 'ekiben_loop_utilization'), ['ekiben_loop_utilization{service="A",slot="0"} 0.9'])
  })
})
