import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { parseCallInput, parseFiles, parseHeaders, parseTimeout } from './parse-call.js'

const refuses = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error) => isServiceError(error, 'EKB_ERR_CLI_USAGE') && message.test(error.message))

describe('the arguments of ekiben call', () => {
  it('reads headers', () => {
    assert.deepEqual(parseHeaders(['x-key: 5', 'Authorization:Bearer a:b', 'empty:']), {
      'x-key': '5',
      Authorization: 'Bearer a:b',
      empty: '',
    })
    refuses(() => parseHeaders(['x-key']), /--header is 'x-key'; expected NAME:VALUE/)
  })

  it('reads files', () => {
    assert.deepEqual(parseFiles(['image=./a=b.png']), [{ field: 'image', path: './a=b.png' }])
    for (const text of ['a.png', '=a.png', 'image=']) refuses(() => parseFiles([text]), /expected FIELD=FILE/)
  })

  it('reads a timeout in seconds', () => {
    assert.deepEqual([parseTimeout('1.5'), parseTimeout(undefined)], [1500, undefined])
    for (const text of ['0', '-1', 'soon']) refuses(() => parseTimeout(text), /expected seconds above 0/)
  })

  const inputs: [string, boolean, unknown][] = [
    ['{"a":1}', false, { a: 1 }],
    ['5', false, 5],
    ['hello', true, 'hello'],
    ['"hello"', true, 'hello'],
    ['5', true, '5'],
    ['{"a":1}', true, '{"a":1}'],
  ]
  for (const [text, isText, value] of inputs) {
    it(`reads ${text}${isText ? ' as a text' : ''}`, () => assert.deepEqual(parseCallInput(text, isText), value))
  }

  it('refuses what is no JSON, cut short', () => {
    refuses(() => parseCallInput('{a', false), /^The input is no JSON: \{a$/)
    refuses(() => parseCallInput('x'.repeat(100), false), /^The input is no JSON: x{60}…$/)
  })
})
