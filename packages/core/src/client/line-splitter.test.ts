import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LineSplitter } from './line-splitter.js'

function split(pieces: readonly string[]): { lines: string[]; rest: string } {
  const splitter = new LineSplitter()
  return { lines: pieces.flatMap((piece) => splitter.push(piece)), rest: splitter.end() }
}

describe('LineSplitter', () => {
  const TEXT = 'one\r\ntwo\nthree\r\rfive\r\n\r\nrest'
  const EXPECTED = { lines: ['one', 'two', 'three', '', 'five', ''], rest: 'rest' }

  it('ends a line with LF, CR LF and CR', () => assert.deepEqual(split([TEXT]), EXPECTED))

  it('finds the same lines wherever the text is cut', () => {
    for (let at = 0; at <= TEXT.length; at++) {
      assert.deepEqual(split([TEXT.slice(0, at), '', TEXT.slice(at)]), EXPECTED, `cut at ${at}`)
    }
    assert.deepEqual(split([...TEXT]), EXPECTED)
  })

  it('has no rest after a line end', () => assert.deepEqual(split(['a\n']), { lines: ['a'], rest: '' }))
})
