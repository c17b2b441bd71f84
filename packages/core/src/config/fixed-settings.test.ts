import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedFixed } from './fixed-settings.js'
import type { ServeSettings } from './serve-settings.js'

const SETTINGS = {
  host: '0.0.0.0',
  port: 3000,
  backlog: 2048,
  log: { level: 'info', format: 'json' },
  ssl: { certfile: '/cert.pem', keyfile: '/key.pem' },
  apiWorkers: 2,
} as unknown as ServeSettings
const changed = (change: object) => changedFixed(SETTINGS, { ...SETTINGS, ...change })

test('names what only a start can change, by its option', () => {
  assert.deepEqual(changed({}), [])
  assert.deepEqual(changed({ port: 1, admin: '127.0.0.1:9', pidfile: '/pid' }), ['port', 'pidfile', 'admin'])
  assert.deepEqual(changed({ log: { level: 'debug', format: 'json' } }), ['logLevel'])
  assert.deepEqual(changed({ ssl: { ...SETTINGS.ssl, keyfile: '/other.pem' } }), ['sslKeyfile'])
  assert.deepEqual(changed({ ssl: undefined }), ['sslCertfile', 'sslKeyfile'])
})

test('leaves out what a reload takes into service', () => {
  const taken = { apiWorkers: 3, keepAliveTimeoutMs: 1, gracefulShutdownMs: 1, accessLog: false, prefix: '/v2' }
  assert.deepEqual(changed(taken), [])
})

test("leaves the name to an app's own service", () => {
  assert.deepEqual(changed({ name: 'shop' }), ['name'])
  assert.deepEqual(changed({ name: 'shop', app: {} }), [])
})
