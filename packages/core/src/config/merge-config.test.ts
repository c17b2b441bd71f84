import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { layerFromData } from './layer-from-data.js'
import { layerFromEnvironment, layerFromFlags } from './layer-from-text.js'
import { mergeConfig } from './merge-config.js'

const file = (data: unknown) => layerFromData(data, 'file', 'file ekiben.config.json')
const code = (data: unknown) => layerFromData(data, 'code', 'options in code')
const merge = (...layers: Parameters<typeof mergeConfig>[0]) => mergeConfig(layers, { terminal: false })

describe('mergeConfig', () => {
  it('has the defaults of the contract', () => {
    const { sources, ...settings } = merge()
    assert.deepEqual(settings, {
      port: 3000,
      host: '0.0.0.0',
      uds: undefined,
      udsMode: 0o660,
      backlog: 2048,
      cors: undefined,
      apiWorkers: undefined,
      workers: {},
      threaded: undefined,
      only: undefined,
      depends: {},
      timeoutMs: undefined,
      keepAliveTimeoutMs: 75_000,
      gracefulShutdownMs: 25_000,
      log: { level: 'info', format: 'json' },
      accessLog: true,
      developmentMode: false,
      reload: false,
      inspect: undefined,
      name: undefined,
      instance: undefined,
      user: undefined,
      group: undefined,
      envAllow: undefined,
      pidfile: undefined,
      admin: undefined,
      workerListen: undefined,
      appPort: undefined,
      ready: 'listen',
      ssl: undefined,
      systemRoutes: 'all',
      prefix: '',
      trustProxy: undefined,
      supervision: {},
      services: {},
      dryRun: false,
      explain: false,
    })
    assert.deepEqual(new Set(Object.values(sources)), new Set(['default']))
    assert.equal(mergeConfig([], { terminal: true }).log.format, 'pretty')
  })

  it('prefers in development what suits whoever works on the code, and lets every layer win over that', () => {
    const preferred = merge(layerFromFlags({ developmentMode: true }))
    assert.deepEqual([preferred.host, preferred.log.format], ['127.0.0.1', 'pretty'])
    assert.equal(preferred.sources.host, 'default')
    const given = merge(file({ developmentMode: true, host: '0.0.0.0', logFormat: 'json' }))
    assert.deepEqual([given.host, given.log.format], ['0.0.0.0', 'json'])
  })

  it('takes a debugger in every spelling', () => {
    const address = { host: '127.0.0.1', port: 9229 }
    assert.deepEqual(merge(layerFromFlags({ inspect: 'true' })).inspect, address)
    assert.deepEqual(merge(code({ inspect: true })).inspect, address)
    assert.deepEqual(merge(layerFromEnvironment({ EKIBEN_INSPECT: '9230' })).inspect, { ...address, port: 9230 })
    assert.equal(merge(file({ inspect: true }), layerFromFlags({ inspect: 'off' })).inspect, undefined)
  })

  it('lets the stronger layer win and remembers where each value came from', () => {
    const merged = merge(
      file({ port: 1, host: 'file.test', backlog: 10, logLevel: 'debug' }),
      code({ port: 2, host: 'code.test', backlog: 20 }),
      layerFromEnvironment({ EKIBEN_PORT: '3', EKIBEN_HOST: 'env.test' }),
      layerFromFlags({ port: '4' }),
    )
    assert.deepEqual(
      [merged.port, merged.host, merged.backlog, merged.log.level, merged.accessLog],
      [4, 'env.test', 20, 'debug', true],
    )
    const { port, host, backlog, logLevel, accessLog } = merged.sources
    assert.deepEqual(
      [port, host, backlog, logLevel, accessLog],
      ['flag --port', 'variable EKIBEN_HOST', 'options in code', 'file ekiben.config.json', 'default'],
    )
  })

  it('merges workers, supervision and services value by value', () => {
    const merged = merge(
      file({
        workers: { A: 1, B: 1 },
        supervision: { bootTimeoutMs: 1, restart: { maxMs: 10, factor: 3 } },
        services: { A: { env: { X: 'file', Y: 'file' }, drainTimeoutMs: 5 }, C: { workers: 'cpu' } },
      }),
      layerFromFlags({
        workers: ['B=2', 'D=cpu'],
        set: ['restart.maxMs=20', 'supervision.drainTimeoutMs=7', 'A.env.X=flag', 'C.traffic.timeoutMs=9'],
      }),
    )
    assert.deepEqual(merged.workers, { A: 1, B: 2, C: 'cpu', D: 'cpu' })
    assert.deepEqual(merged.supervision, { bootTimeoutMs: 1, restart: { maxMs: 20, factor: 3 }, drainTimeoutMs: 7 })
    assert.deepEqual(merged.services, {
      A: { env: { X: 'flag', Y: 'file' }, drainTimeoutMs: 5 },
      C: { traffic: { timeoutMs: 9 } },
    })
    assert.equal(merged.sources['services.A.env.X'], 'flag --set')
    assert.equal(merged.sources['services.A.env.Y'], 'file ekiben.config.json')
  })

  it('takes a duration in seconds or, under the name that says so, in milliseconds', () => {
    assert.equal(merge(code({ timeout: 1.5 })).timeoutMs, 1500)
    assert.equal(merge(code({ timeoutMs: 1500 })).timeoutMs, 1500)
    assert.equal(merge(file({ timeoutMs: 1500 }), layerFromFlags({ timeout: '2' })).timeoutMs, 2000)
    assert.equal(merge(file({ timeoutMs: 1500 }), layerFromFlags({ timeout: 'none' })).timeoutMs, undefined)
    assert.equal(merge(code({ timeoutKeepAliveMs: 10 })).keepAliveTimeoutMs, 10)
    assert.equal(merge(code({ timeoutGracefulShutdown: 0 })).gracefulShutdownMs, 0)
  })

  it('names the instance after the app unless told otherwise', () => {
    assert.equal(merge(code({ name: 'shop' })).instance, 'shop')
    assert.equal(merge(code({ name: 'shop', instance: 'blue' })).instance, 'blue')
  })

  it('keeps a variable named __proto__ a variable', () => {
    const merged = merge(file(JSON.parse('{"services":{"A":{"env":{"__proto__":"x"}}}}')))
    assert.equal(Object.getOwnPropertyDescriptor(merged.services.A?.env, '__proto__')?.value, 'x')
    assert.equal(({} as Record<string, unknown>).x, undefined)
  })
})
