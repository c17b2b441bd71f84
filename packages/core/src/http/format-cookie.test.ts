import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatCookie } from './format-cookie.js'

describe('formatCookie', () => {
  test('encodes the value, and is for the whole site unless told otherwise', () => {
    assert.equal(formatCookie('id', 'a b;c'), 'id=a%20b%3Bc; Path=/')
  })

  test('has every attribute', () => {
    assert.equal(
      formatCookie('id', '1', {
        path: '/a',
        domain: 'example.org',
        maxAge: 60,
        expires: new Date(0),
        secure: true,
        httpOnly: true,
        sameSite: 'lax',
      }),
      'id=1; Path=/a; Domain=example.org; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax',
    )
  })

  const refused: readonly Parameters<typeof formatCookie>[] = [
    ['a b', ''],
    ['', ''],
    ['a', '', { path: '/;Secure' }],
    ['a', '', { domain: 'a\r\nb' }],
    ['a', '', { maxAge: 1.5 }],
    ['a', '', { sameSite: 'often' as 'lax' }],
  ]
  for (const [name, value, options] of refused) {
    test(`refuses ${JSON.stringify([name, value, options])}`, () => {
      assert.throws(() => formatCookie(name, value, options), TypeError)
    })
  }
})
