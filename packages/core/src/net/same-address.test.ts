import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sameAddress } from './same-address.js'

const CASES: readonly (readonly [one: string, other: string, same: boolean])[] = [
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['::1', '0:0:0:0:0:0:0:1', true],
  ['2001:DB8::7', '2001:db8:0:0:0:0:0:7', true],
  ['fe80::1%eth0', 'fe80::1', true],
  ['127.0.0.1', '::ffff:127.0.0.1', true],
  ['0.0.0.0', '::', false],
  ['::1', '127.0.0.1', false],
]

for (const [one, other, same] of CASES) {
  test(`${one} is ${same ? 'the same as' : 'another than'} ${other}`, () => {
    assert.equal(sameAddress(one, other), same)
  })
}
