import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hideCredentials, parseRemoteUrl } from './parse-remote-url.js'

describe('parseRemoteUrl', () => {
  it('reads where routes are appended, and the host', () => {
    const read = (url: string) => parseRemoteUrl(url)
    assert.deepEqual(read('http://ocr:3000'), { base: 'http://ocr:3000', host: 'ocr:3000', authorization: undefined })
    assert.deepEqual(read('https://ocr.example/a/'), {
      base: 'https://ocr.example/a',
      host: 'ocr.example',
      authorization: undefined,
    })
  })

  it('makes a header of user and password', () => {
    const header = (url: string) => {
      const { base, authorization = '' } = parseRemoteUrl(url) ?? {}
      return [base, Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()]
    }
    assert.deepEqual(header('http://ann:p%40%C3%A9@ocr'), ['http://ocr', 'ann:p@é'])
    assert.deepEqual(header('http://token@ocr'), ['http://ocr', 'token:'])
  })

  it('takes nothing else', () => {
    const wrong = ['', 'ocr:3000', 'ftp://ocr', 'http://', 'http://ocr?a=1', 'http://ocr#a', 'http://%zz@ocr', 7, null]
    for (const url of wrong) assert.equal(parseRemoteUrl(url), undefined, String(url))
  })
})

describe('hideCredentials', () => {
  for (const [url, shown] of [
    ['http://ocr:3000/a@b', 'http://ocr:3000/a@b'],
    ['https://ann:secret@ocr', 'https://***@ocr'],
    ['https://token@ocr/x', 'https://***@ocr/x'],
    ['https://ann:se@cret@ocr', 'https://***@ocr'],
    ['ftp://ann:secret@ocr', 'ftp://***@ocr'],
  ] as const) {
    it(`${shown}`, () => assert.equal(hideCredentials(url), shown))
  }
})
