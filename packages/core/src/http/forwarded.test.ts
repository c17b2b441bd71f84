import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TrustProxy } from '../net/trusted-addresses.js'
import { type ForwardedRequest, forwardedReader } from './forwarded.js'

function read(trust: TrustProxy, peer: ForwardedRequest['peer'], headers: ForwardedRequest['headers']) {
  return forwardedReader(trust)({ peer, headers })
}

const address = (trust: TrustProxy, peer: string | undefined, said: string) =>
  read(trust, peer, { 'x-forwarded-for': said }).address

describe('X-Forwarded-For', () => {
  it('is taken whole where everybody is trusted: its first address is the client', () => {
    assert.equal(address(true, '10.0.0.1', '203.0.113.7, 198.51.100.2'), '203.0.113.7')
    assert.equal(address(true, undefined, '203.0.113.7'), '203.0.113.7')
  })

  it('is taken from trusted proxies alone: the last that is not one of them is the client', () => {
    const trust = ['loopback', '10.0.0.0/8', '2001:db8::/32']
    assert.equal(address(trust, '127.0.0.1', '203.0.113.7, 10.1.2.3'), '203.0.113.7')
    // What a client has sent itself stands before its own address.
    assert.equal(address(trust, '127.0.0.1', '1.2.3.4, 203.0.113.7, 10.1.2.3'), '203.0.113.7')
    assert.equal(address(trust, '203.0.113.9', '1.2.3.4'), '203.0.113.9')
    assert.equal(address(trust, '::1', '2001:db8::5, 10.0.0.1'), '2001:db8::5')
    assert.equal(address(trust, '2001:db8::7', '203.0.113.7'), '203.0.113.7')
  })

  it('is taken from an IPv4 address however a dual-stack socket spells it', () => {
    assert.equal(address(['loopback'], '::ffff:127.0.0.1', '203.0.113.7'), '203.0.113.7')
    assert.equal(address(['127.0.0.1'], '::ffff:127.0.0.1', '203.0.113.7'), '203.0.113.7')
    assert.equal(address(['loopback'], '::ffff:10.0.0.1', '203.0.113.7'), '::ffff:10.0.0.1')
  })

  it('is taken over a Unix socket where this machine is trusted', () => {
    assert.equal(address(['loopback'], undefined, '203.0.113.7'), '203.0.113.7')
    assert.equal(address(['10.0.0.0/8'], undefined, '203.0.113.7'), undefined)
  })

  it('may have ports and brackets, and ends where it has no address', () => {
    assert.equal(address(true, '::1', '203.0.113.7:4711'), '203.0.113.7')
    assert.equal(address(true, '::1', '[2001:db8::5]:4711'), '2001:db8::5')
    assert.equal(address(true, '::1', '[2001:db8::5]'), '2001:db8::5')
    assert.equal(address(['loopback'], '::1', 'fe80::1%eth0'), 'fe80::1%eth0')
    assert.equal(address(true, '::1', 'unknown, 203.0.113.7'), '203.0.113.7')
    assert.equal(address(true, '::1', '203.0.113.7, <script>'), '::1')
    assert.equal(address(true, '::1', ' , '), '::1')
    assert.equal(read(true, '::1', {}).address, '::1')
    assert.equal(read(true, '::1', { 'x-forwarded-for': ['203.0.113.7', '10.0.0.1'] }).address, '203.0.113.7')
  })
})

describe('X-Forwarded-Host and -Proto', () => {
  const headers = { 'x-forwarded-host': 'shop.example:8443, inner', 'x-forwarded-proto': 'HTTPS, http' }

  it('are taken from who is trusted, the first of several', () => {
    const { host, protocol } = read(['loopback'], '127.0.0.1', headers)
    assert.deepEqual([host, protocol], ['shop.example:8443', 'https'])
  })

  it('are not taken from anybody else', () => {
    const { host, protocol } = read(['loopback'], '10.0.0.1', headers)
    assert.deepEqual([host, protocol], [undefined, undefined])
  })

  it('are not taken where they make no sense', () => {
    for (const bad of ['a b', 'a/b', 'user@host', 'a?b', 'a#b']) {
      assert.equal(read(true, '::1', { 'x-forwarded-host': bad }).host, undefined)
    }
    assert.equal(read(true, '::1', { 'x-forwarded-proto': 'javascript' }).protocol, undefined)
  })
})
