import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { InputShape } from './api-shape.js'
import { isClientError } from './client-error.js'
import { encodeInput } from './encode-input.js'

const encode = (input: unknown, shape: InputShape = {}) => encodeInput(input, shape, 'POST http://test/api')

async function partsOf(input: unknown, shape?: InputShape): Promise<[string, string, string?][]> {
  const { body, contentType } = encode(input, shape)
  assert.equal(contentType, undefined)
  assert.ok(body instanceof FormData)
  const parts: [string, string, string?][] = []
  for (const [name, value] of body) {
    parts.push(typeof value === 'string' ? [name, value] : [name, await value.text(), value.name])
  }
  return parts
}

describe('encodeInput', () => {
  const JSON_TYPE = 'application/json'
  const blob = new Blob(['x'], { type: 'image/png' })
  const bytes = new Uint8Array([1, 2])
  const cases: [string, unknown, InputShape, unknown, string | undefined][] = [
    ['nothing', undefined, {}, undefined, undefined],
    ['an object', { a: 1, b: undefined }, {}, '{"a":1}', JSON_TYPE],
    ['null', null, {}, 'null', JSON_TYPE],
    ['a string', 'hé', {}, '"hé"', JSON_TYPE],
    ['a string where the body is text', 'hé', { isText: true }, 'hé', 'text/plain; charset=utf-8'],
    ['a number where the body is text', 5, { isText: true }, '5', JSON_TYPE],
    ['a list', [1, 'a'], {}, '[1,"a"]', JSON_TYPE],
    ['numbers', { vector: new Float32Array([0.5, 1]) }, {}, '{"vector":[0.5,1]}', JSON_TYPE],
    ['a date', { at: new Date(0) }, {}, '{"at":"1970-01-01T00:00:00.000Z"}', JSON_TYPE],
    ['a Blob', blob, {}, blob, 'image/png'],
    ['bytes', bytes, {}, bytes, 'application/octet-stream'],
    ['an object without its optional file', { a: 1 }, { files: new Set(['image']) }, '{"a":1}', JSON_TYPE],
  ]
  for (const [name, input, shape, body, contentType] of cases) {
    it(name, () => assert.deepEqual(encode(input, shape), { body, contentType }))
  }

  it('makes a form where a field is a file', async () => {
    const input = { image: new File(['abc'], 'a.png', { type: 'image/png' }), scale: 2, text: '5', skip: undefined }
    assert.deepEqual(await partsOf(input), [
      ['image', 'abc', 'a.png'],
      ['scale', '2'],
      ['text', '"5"'],
    ])
  })

  it('sends a list of files as parts of one name, bytes under the name of their field', async () => {
    assert.deepEqual(await partsOf({ pages: [new File(['1'], '1.txt'), new TextEncoder().encode('2')] }), [
      ['pages', '1', '1.txt'],
      ['pages', '2', 'pages'],
    ])
  })

  it('sends the address of a file as text', async () => {
    assert.deepEqual(await partsOf({ image: 'http://a/b.png' }, { files: new Set(['image']) }), [
      ['image', 'http://a/b.png'],
    ])
  })

  it('takes a form as it is', () => {
    const form = new FormData()
    assert.deepEqual(encode(form), { body: form, contentType: undefined })
  })

  const refused: [unknown, InputShape, RegExp][] = [
    [{ deep: { file: blob } }, {}, /^Cannot send a Blob below the first level at \$\.deep\.file to POST http:/],
    [{ file: blob, other: new Map() }, {}, /a Map at \$\.other/],
    [{ files: [blob, 5] }, {}, /no file, among files at \$\.files\[1\]/],
    [{ image: 5 }, { files: new Set(['image']) }, /no file, among files at \$\.image/],
    [10n, {}, /a BigInt at \$ to/],
  ]
  for (const [input, shape, message] of refused) {
    it(`refuses ${message.source}`, () => {
      assert.throws(
        () => encode(input, shape),
        (error) => isClientError(error, 'EKB_ERR_CLIENT_INPUT') && message.test(error.message),
      )
    })
  }
})
