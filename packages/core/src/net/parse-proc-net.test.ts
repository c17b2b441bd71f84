import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProcNet } from './parse-proc-net.js'

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const REST = '00000000:00000000 00:00000000 00000000'

test('only listening sockets are read, with address, port, user and inode', () => {
  const text = [
    HEAD,
    `   0: 0100007F:0BB8 00000000:0000 0A ${REST}  1000        0 4242 1 0000000000000000 100 0 0 10 0`,
    `   1: 0100007F:0BB8 0100007F:D2F0 01 ${REST}  1000        0 4243 1 0000000000000000 100 0 0 10 0`,
    `   2: 00000000:0050 00000000:0000 0A ${REST}     0        0 77 1 0000000000000000 100 0 0 10 0`,
    '',
  ].join('\n')
  assert.deepEqual(parseProcNet(text), [
    { address: '127.0.0.1', port: 3000, family: 4, uid: 1000, inode: '4242' },
    { address: '0.0.0.0', port: 80, family: 4, uid: 0, inode: '77' },
  ])
})

test('IPv6 words are turned round one by one', () => {
  const zero = '00000000000000000000000000000000:0000'
  const text = [
    HEAD,
    `   0: 00000000000000000000000000000000:0050 ${zero} 0A ${REST}     0        0 1 1 0 100 0 0 10 0`,
    `   1: 00000000000000000000000001000000:0051 ${zero} 0A ${REST}     0        0 2 1 0 100 0 0 10 0`,
    `   2: B80D0120000000000000000007000000:0052 ${zero} 0A ${REST}     0        0 3 1 0 100 0 0 10 0`,
  ].join('\n')
  assert.deepEqual(
    parseProcNet(text).map(({ address }) => address),
    ['0:0:0:0:0:0:0:0', '0:0:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:7'],
  )
})

test('text of another shape gives nothing', () => {
  assert.deepEqual(parseProcNet(''), [])
  assert.deepEqual(parseProcNet(`${HEAD}\n   0: garbage\n   1: x y 0A`), [])
})
