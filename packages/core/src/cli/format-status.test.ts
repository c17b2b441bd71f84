import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatDuration, formatStatus, type ShownInstance, type ShownWorker } from './format-status.js'

const NOW = Date.parse('2026-01-02T03:04:05Z')
const worker: ShownWorker = {
  slot: 0,
  pid: 11,
  state: 'ready',
  generation: 2,
  uptimeMs: 65_000,
  restarts: 1,
  lastExit: 'SIGKILL',
  rssBytes: 64 * 1024 * 1024,
  inFlight: 3,
  oldestCallMs: 1_500,
  loopUtilization: 0.124,
}
const booting: ShownWorker = { slot: 1, pid: null, state: 'booting', generation: 2, uptimeMs: 0, restarts: 0 }
const shop: ShownInstance = {
  instance: 'shop',
  pid: 10,
  url: 'http://127.0.0.1:3000',
  state: 'running',
  lastReload: null,
  services: [{ name: 'Front', state: 'degraded', target: 2, generation: 2, workers: [worker, booting] }],
}
const old = { generation: 1, workingDir: '/srv/1', entry: '/srv/1/a.js' }
const young = { generation: 2, workingDir: '/srv/2', entry: '/srv/2/a.js' }
const reloadLine = (lastReload: NonNullable<ShownInstance['lastReload']>) =>
  formatStatus([{ ...shop, lastReload, services: [] }], NOW).split('\n')[1]

describe('formatStatus', () => {
  it('shows an instance with its services and workers', () => {
    assert.equal(
      formatStatus([shop], NOW),
      [
        'shop  running  pid 10  http://127.0.0.1:3000',
        '       PID  STATE         GEN  UP    RESTARTS  RSS    CALLS  OLDEST   LOOP  LAST EXIT',
        'Front       degraded 1/2  2',
        '  0    11   ready         2    65 s  1         64 MB  3      1500 ms  12 %  SIGKILL',
        '  1    -    booting       2    0 ms  0         -      -      -        -     -',
        '',
      ].join('\n'),
    )
  })

  it('shows one that says nothing of itself, and that there is none', () => {
    const silent: ShownInstance = { ...shop, url: null, state: 'not answering', services: [] }
    assert.equal(formatStatus([silent], NOW), 'shop  not answering  pid 10\n')
    assert.equal(formatStatus([], NOW), 'no instance is running\n')
  })

  it('shows what runs elsewhere below', () => {
    const at = { service: 'Front', optional: false }
    const remotes = [
      {
        ...at,
        property: 'ocr',
        url: 'http://ocr',
        state: 'unreachable',
        since: '2026-01-02T03:04:00Z',
        reason: 'refused',
      },
      { ...at, property: 'far', url: 'http://far:3000', state: 'unknown', since: null, reason: null },
    ]
    assert.deepEqual(
      formatStatus([{ ...shop, services: [], remotes }], NOW)
        .split('\n')
        .slice(1),
      [
        'ELSEWHERE  URL              STATE        SINCE  REASON',
        'Front.ocr  http://ocr       unreachable  5 s    refused',
        'Front.far  http://far:3000  unknown      -      -',
        '',
      ],
    )
  })

  it('says of the last reload what runs since, and why it failed', () => {
    const at = new Date(NOW - 180_000).toISOString()
    assert.equal(
      reloadLine({ at, result: 'done', reason: null, from: old, to: young }),
      'last reload: done 3 min ago, generation 1 -> 2 (/srv/2)',
    )
    assert.equal(
      reloadLine({ at, result: 'refused', reason: 'no such file', from: old, to: null }),
      'last reload: refused 3 min ago, generation 1 (/srv/1): no such file',
    )
  })
})

describe('formatDuration', () => {
  for (const [ms, text] of [
    [0, '0 ms'],
    [1_999, '1999 ms'],
    [2_000, '2 s'],
    [119_999, '119 s'],
    [120_000, '2 min'],
    [3 * 3_600_000, '3 h'],
    [50 * 3_600_000, '2 d'],
  ] as const) {
    it(`${ms} ms is ${text}`, () => assert.equal(formatDuration(ms), text))
  }
})
