import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { layerFromData } from '../config/layer-from-data.js'
import { layerFromFlags } from '../config/layer-from-text.js'
import { mergeConfig } from '../config/merge-config.js'
import { OPTIONS } from '../config/options.js'
import { explainSettings } from './explain-settings.js'

const file = layerFromData(
  { timeout: 2, supervision: { restart: { maxMs: 9 } }, services: { 'a.b': { env: { X: '1' }, nodeArgs: ['-x'] } } },
  'file',
  'file x.json',
)
const merged = mergeConfig([file, layerFromFlags({ port: '1', workers: ['A=2'] })], { terminal: false })
const explained = explainSettings({ identifier: '.', workingDir: '/app', configFile: undefined, ...merged })

describe('explainSettings', () => {
  it('gives each value and its source', () => {
    assert.deepEqual(explained.port, { value: 1, source: 'flag --port' })
    assert.deepEqual(explained.timeoutMs, { value: 2000, source: 'file x.json' })
    assert.deepEqual(explained.backlog, { value: 2048, source: 'default' })
    assert.deepEqual(explained.apiWorkers, { value: null, source: 'default' })
    assert.deepEqual(explained.workers, { A: { value: 2, source: 'flag --workers' } })
    assert.deepEqual(explained.supervision, { restart: { maxMs: { value: 9, source: 'file x.json' } } })
    assert.deepEqual(explained.services, {
      'a.b': {
        env: { X: { value: '1', source: 'file x.json' } },
        nodeArgs: { value: ['-x'], source: 'file x.json' },
      },
    })
  })

  it('shows of an app what it does not decide by itself, and what it takes', () => {
    const app = { name: 'shop', main: '/app/a.js', args: [], appPort: undefined, nodeArgs: [] }
    const shownOf = (flags: Parameters<typeof layerFromFlags>[0]) => {
      const settings = mergeConfig([layerFromFlags(flags)], { terminal: false })
      const own = { ...app, ready: 'listen', bindsAsked: true } as const
      return explainSettings({ identifier: '.', workingDir: '/app', configFile: undefined, ...settings, app: own })
    }
    const own = { value: null, source: "the app's own" }
    const { port, host, timeoutKeepAliveMs, backlog, ...others } = shownOf({})
    assert.deepEqual([port, host, timeoutKeepAliveMs], [own, own, own])
    assert.deepEqual(backlog, { value: 2048, source: 'default' })
    const shown = new Set(Object.keys(others).map((key) => key.replace(/Ms$/, '')))
    const rows = OPTIONS.filter(({ key }) => shown.has(key))
    assert.ok(rows.length > 10 && rows.every(({ takenBy }) => takenBy?.includes('run') !== false))
    assert.ok(!shown.has('cors'))
    assert.deepEqual(shownOf({ port: '1' }).port, { value: 1, source: 'flag --port' })
    assert.deepEqual(shownOf({ port: '1' }).host, own)
    assert.deepEqual(shownOf({ host: '::1' }).port, own)
    assert.deepEqual(shownOf({ port: '0' }).host, { value: '0.0.0.0', source: 'default' })
    assert.deepEqual(shownOf({ timeoutKeepAlive: '2' }).timeoutKeepAliveMs, {
      value: 2000,
      source: 'flag --timeout-keep-alive',
    })
    assert.deepEqual(shownOf({ uds: '/run/a' }).port, { value: null, source: 'default' })
  })

  it('leaves out no option but those that only say how to read or show the rest', () => {
    const shown = new Set(Object.keys(explained).map((key) => key.replace(/Ms$/, '')))
    const missing = OPTIONS.map((row) => row.key).filter((key) => !shown.has(key))
    assert.deepEqual(missing, ['config', 'set', 'dryRun', 'explain'])
  })
})
