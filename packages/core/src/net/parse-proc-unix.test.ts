import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProcUnix } from './parse-proc-unix.js'

const TABLE = `Num       RefCount Protocol Flags    Type St Inode Path
0000000005a26a85: 00000002 00000000 00010000 0001 01 129937 /run/an app.sock
00000000cb698e01: 00000002 00000000 00010000 0001 01  4009 @abstract
00000000cb698e02: 00000003 00000000 00000000 0001 03 104010
00000000cb698e03: 00000002 00000000 00000000 0002 01 104011 /run/log
`

const socketOf = (inode: string) => parseProcUnix(TABLE).find((socket) => socket.inode === inode)

test('a listening socket has its path, spaces included', () => {
  assert.deepEqual(socketOf('129937'), { inode: '129937', path: '/run/an app.sock', listens: true, stream: true })
})

test('an abstract name begins with @', () => {
  assert.equal(socketOf('4009')?.path, '@abstract')
})

test('a connected one does not listen, and a datagram one is no stream', () => {
  assert.deepEqual(socketOf('104010'), { inode: '104010', path: '', listens: false, stream: true })
  assert.deepEqual(socketOf('104011'), { inode: '104011', path: '/run/log', listens: false, stream: false })
})

test('a text without sockets has none', () => {
  assert.deepEqual(parseProcUnix(''), [])
  assert.deepEqual(parseProcUnix('\nmore\n'), [])
})
