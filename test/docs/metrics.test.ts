import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import type { CountTotal } from '../../packages/core/src/metrics/count-totals.js'
import { metricFamilies } from '../../packages/core/src/metrics/metric-families.js'

/** So many label values that none is missing, whatever the metric. */
const total: CountTotal = { labels: ['a', 'b', 'c', 'd'], count: 1, ms: 1, buckets: [] }
const worker = { slot: 0, state: 'ready', inFlight: 1, rssBytes: 1, loopUtilization: 1 }

/** The table of docs/metrics.md, less its last column, made from the code. */
function rows(): string[] {
  const families = metricFamilies({
    requests: [total],
    calls: [total],
    handshakes: [total],
    restarts: [total],
    reloads: [total],
    services: [{ name: 'A', workers: [worker] }],
    supervisorRssBytes: 1,
  })
  return families.map(({ name, type, samples: [sample] }) => {
    const labels = Object.keys(sample?.labels ?? {}).map((label) => `\`${label}\``)
    return `| \`${name}\` | ${type} | ${labels.length === 0 ? '' : `${labels.join(', ')} `}|`
  })
}

describe('docs/metrics.md', () => {
  it('lists every metric with its labels, and no other', async () => {
    const text = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    const written = text.split('\n').filter((line) => line.startsWith('| `'))
    assert.deepEqual(
      written.map((line) => rows().find((row) => line.startsWith(row)) ?? line),
      rows(),
    )
  })
})
