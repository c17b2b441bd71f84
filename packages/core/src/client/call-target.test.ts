import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { baseUrl, checkTimeout, joinHeaders } from './call-target.js'
import { isClientError } from './client-error.js'

const refuses = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error) => isClientError(error, 'EKB_ERR_CLIENT_OPTION') && message.test(error.message))

describe('baseUrl', () => {
  const cases: [string | URL, string][] = [
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://localhost:3000/', 'http://localhost:3000'],
    ['https://a.example/ml//', 'https://a.example/ml'],
    [new URL('http://[::1]:80/x'), 'http://[::1]/x'],
  ]
  for (const [url, base] of cases) it(String(url), () => assert.equal(baseUrl(url), base))

  for (const url of ['localhost:3000', '/ml', '', 'ftp://a', 'http://a/?b', 'http://a/#b', 'http://me:secret@a']) {
    it(`refuses '${url}'`, () =>
      refuses(() => baseUrl(url), /^Option 'url' of the client is (?!.*secret).*; expected /))
  }
})

describe('checkTimeout', () => {
  it('takes what a timer takes', () => {
    for (const ms of [undefined, 1, 0.5, 2 ** 31 - 1]) assert.equal(checkTimeout(ms), ms)
  })
  for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5s' as never]) {
    it(`refuses ${ms}`, () => refuses(() => checkTimeout(ms), /'timeoutMs'.*milliseconds above 0/))
  }
})

describe('joinHeaders', () => {
  it('lets later ones win, whatever their case', () => {
    assert.deepEqual(
      [...joinHeaders({ Accept: 'a', b: '1' }, undefined, { accept: 'c' })],
      [
        ['accept', 'c'],
        ['b', '1'],
      ],
    )
  })
  it('does not show the value of one that cannot be sent', () => {
    refuses(() => joinHeaders({ authorization: 'se\ncret' }), /^(?!.*cret)Option 'headers'.*'authorization'/s)
  })
})
