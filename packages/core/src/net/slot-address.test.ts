import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slotAddress } from './slot-address.js'

const READ: readonly (readonly [string, number, ReturnType<typeof slotAddress>])[] = [
  ['unix:/run/app/{slot}.sock', 0, { type: 'unix', path: '/run/app/0.sock' }],
  ['unix:/run/app/{slot}.sock', 12, { type: 'unix', path: '/run/app/12.sock' }],
  ['unix:w{1+slot}', 1, { type: 'unix', path: 'w2' }],
  ['unix:/run/{slot}/{slot}', 3, { type: 'unix', path: '/run/3/3' }],
  ['127.0.0.1:{4000+slot}', 2, { type: 'tcp', host: '127.0.0.1', port: 4002 }],
  ['localhost:400{slot}', 2, { type: 'tcp', host: 'localhost', port: 4002 }],
  ['[::1]:{4000+slot}', 0, { type: 'tcp', host: '::1', port: 4000 }],
]
for (const [template, slot, address] of READ) {
  test(`${template} of slot ${slot}`, () => assert.deepEqual(slotAddress(template, slot), address))
}

const REFUSED = [
  '',
  'unix:/run/app.sock',
  'unix:{slot}/',
  '127.0.0.1:4000',
  '127.0.0.1:{slot}',
  '127.0.0.{slot}:4000',
  '127.0.0.1:{65536+slot}',
  '127.0.0.1:{slot+4000}',
  'unix:/run/{Slot}.sock',
  'unix:/run/{slot}.{x}',
  '/run/{slot}.sock',
  'http://127.0.0.1:{4000+slot}',
]
for (const template of REFUSED) {
  test(`'${template}' gives no slot an address`, () => assert.equal(slotAddress(template, 0), undefined))
}

test('a port beyond the last is none', () => {
  assert.deepEqual(slotAddress('127.0.0.1:{65534+slot}', 1), { type: 'tcp', host: '127.0.0.1', port: 65_535 })
  assert.equal(slotAddress('127.0.0.1:{65534+slot}', 2), undefined)
})
