import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CountTotal } from '../../packages/core/src/metrics/count-totals.js'
import { metricFamilies } from '../../packages/core/src/metrics/metric-families.js'
import { projectFolder } from '../helpers/project-folder.js'
import { logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8')

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
  it('lists every metric with its labels, and no other', () => {
    const written = page.split('\n').filter((line) => line.startsWith('| `'))
    assert.deepEqual(
      written.map((line) => rows().find((row) => line.startsWith(row)) ?? line),
      rows(),
    )
  })

  it('shows an app whose own metrics are told as it says', async () => {
    const main = /^```js file=main\.mjs\n(.*?)^```$/ms.exec(page)?.[1] ?? ''
    const [, first, second] =
      /^curl -s http:\/\/127\.0\.0\.1:3000(\S+) http:\/\/127\.0\.0\.1:3000(\S+)$/m.exec(page) ?? []
    const [, path, word = ''] = /^curl -s http:\/\/127\.0\.0\.1:9100(\S+) \| grep (\S+)$/m.exec(page) ?? []
    const output = /^```text output\n(.*?)\n```$/ms.exec(page)?.[1]
    const anyPort = main.replace('port: 3000', 'port: 0').replace(':9100', ':0')
    await using project = await projectFolder({ 'main.mjs': anyPort }, { packages: ['prom-client'] })
    const env = { NODE_ENV: 'production', EKIBEN_LOG_FORMAT: 'json' }
    await using run = await startServing(['main.mjs'], { cwd: project.path, env })
    const admin = await waitUntil(() => logLines(run.stdout()).find(({ msg }) => msg === 'admin')?.address, {
      describe: () => `the address of --admin:\n${run.stdout()}`,
    })
    for (const order of [first, second]) assert.equal(await (await fetch(run.url + order)).text(), 'ordered\n')
    const told = await (await fetch(`http://${admin}${path}`)).text()
    assert.equal(
      told
        .split('\n')
        .filter((line) => line.includes(word))
        .join('\n'),
      output,
    )
    assert.equal(await run.stop(), 0)
  })
})
