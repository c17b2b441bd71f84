import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OutputTail } from './output-tail.js'

describe('OutputTail', () => {
  it('keeps all of a short output', () => {
    const tail = new OutputTail(16)
    tail.push(Buffer.from('one '))
    tail.push(Buffer.from('two'))
    assert.equal(tail.toString(), 'one two')
  })

  it('keeps the last bytes of a long one, whatever the chunks', () => {
    for (const size of [1, 3, 7, 100]) {
      const tail = new OutputTail(16)
      const text = Array.from({ length: 60 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('')
      for (let at = 0; at < text.length; at += size) tail.push(Buffer.from(text.slice(at, at + size)))
      assert.equal(tail.toString(), text.slice(-16))
    }
  })

  it('holds no more than its limit and one chunk', () => {
    const tail = new OutputTail(4)
    for (let index = 0; index < 1_000; index++) tail.push(Buffer.from('ab'))
    assert.equal(tail.toString(), 'abab')
  })
})
