import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRequestUrl } from './parse-request-url.js'

const url = (host: string | undefined, target: string): string | undefined =>
  parseRequestUrl({ scheme: 'http', host, target })

describe('the URL of a request', () => {
  for (const [host, target, expected] of [
    ['shop.example', '/public?a=1', 'http://shop.example/public?a=1'],
    ['shop.example:8080', '/', 'http://shop.example:8080/'],
    ['127.0.0.1:80', '/', 'http://127.0.0.1:80/'],
    ['[::1]:3000', '/', 'http://[::1]:3000/'],
    ['my_shop-1', '/', 'http://my_shop-1/'],
    [undefined, '/', 'http://localhost/'],
    ['', '/admin/x', 'http://localhost/admin/x'],
    ['shop', '//evil/x', 'http://shop//evil/x'],
    ['shop', '/\\evil/x', 'http://shop/\\evil/x'],
    ['shop', '/@evil', 'http://shop/@evil'],
    ['shop', 'http://other/x?y', 'http://other/x?y'],
    ['shop', 'HTTPS://other:1/x', 'http://other:1/x'],
    ['shop', 'http://other', 'http://other'],
    ['shop', 'http://other?y', 'http://other?y'],
  ] as const) {
    it(`of host ${host} and target ${target}: ${expected}`, () => {
      assert.equal(url(host, target), expected)
    })
  }

  it('is told in the scheme of the connection', () => {
    assert.equal(parseRequestUrl({ scheme: 'https', host: 'shop', target: 'http://other/x' }), 'https://other/x')
  })

  for (const host of [
    'a/admin?',
    'a/',
    'a\\admin',
    'a?b=',
    'a#',
    'me@a',
    'me:pw@a',
    'a:80/x',
    'a b',
    'a\t',
    ':80',
    '[::1',
    '%61',
  ]) {
    it(`is none of the host ${JSON.stringify(host)}`, () => {
      assert.equal(url(host, '/public'), undefined)
    })
  }

  for (const authority of ['a\\admin', 'me@a', 'me:pw@a', 'a b', ':80', '[::1', '%61', '']) {
    it(`is none of the target http://${authority}/public`, () => {
      assert.equal(url('shop', `http://${authority}/public`), undefined)
    })
  }

  for (const target of ['*', 'public', 'ftp://a/x', 'file:///etc/passwd', 'data:,x', 'http:/x', '']) {
    it(`is none of the target ${JSON.stringify(target)}`, () => {
      assert.equal(url('shop', target), undefined)
    })
  }
})
