import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseAdminAddress } from './parse-admin-address.js'

describe('parseAdminAddress', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:9000', '127.0.0.1', 9000],
    ['localhost:0', 'localhost', 0],
    ['[::1]:9000', '::1', 9000],
    ['[fe80::1%eth0]:65535', 'fe80::1%eth0', 65535],
  ] as const) {
    it(`${text} is a TCP address`, () => assert.deepEqual(parseAdminAddress(text), { type: 'tcp', host, port }))
  }

  for (const path of ['/run/app/admin.sock', './admin.sock', 'run/x:1']) {
    it(`${path} is a path`, () => assert.deepEqual(parseAdminAddress(path), { type: 'unix', path }))
  }

  for (const text of [
    '',
    '9000',
    ':9000',
    'localhost',
    'localhost:',
    'localhost:x',
    'a:65536',
    '::1:9000',
    '/run/',
    'a b:1',
  ]) {
    it(`'${text}' is neither`, () => assert.equal(parseAdminAddress(text), undefined))
  }
})
