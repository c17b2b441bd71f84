import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNetwork } from './parse-network.js'

test('an address is a network of one', () => {
  assert.deepEqual(parseNetwork('127.0.0.1'), [{ address: '127.0.0.1', prefix: 32 }])
  assert.deepEqual(parseNetwork('::1'), [{ address: '::1', prefix: 128 }])
})

test('a length says how many addresses there are', () => {
  assert.deepEqual(parseNetwork('10.0.0.0/8'), [{ address: '10.0.0.0', prefix: 8 }])
  assert.deepEqual(parseNetwork('0.0.0.0/0'), [{ address: '0.0.0.0', prefix: 0 }])
  assert.deepEqual(parseNetwork('fc00::/7'), [{ address: 'fc00::', prefix: 7 }])
})

test('a name stands for several', () => {
  assert.equal(parseNetwork('loopback')?.length, 2)
  assert.equal(parseNetwork('uniquelocal')?.length, 4)
})

for (const bad of [
  '',
  'localhost',
  '10.0.0.0/33',
  '::1/129',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0/8',
  '1',
  '/8',
  '256.0.0.1',
  '::g',
  'toString',
]) {
  test(`'${bad}' is none`, () => assert.equal(parseNetwork(bad), undefined))
}
