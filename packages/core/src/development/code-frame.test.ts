import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeFrame, findCodePlace, hasCodeFrame } from './code-frame.js'

const isOwn = (file: string): boolean => !file.includes('node_modules')

describe('findCodePlace', () => {
  it('reads what esbuild says of a file that it cannot compile, whose columns begin at 0', () => {
    const text =
      'Error: Transform failed with 1 error:\n/app/a.ts:4:2: ERROR: Unexpected "return"\n    at x (/app/node_modules/esbuild/main.js:1:2)'
    assert.deepEqual(findCodePlace(text, isOwn), { file: '/app/a.ts', line: 4, column: 3 })
  })

  it('reads what Node prints above a SyntaxError', () => {
    const text = 'file:///app/a.mjs:7\nconst a = (\n          ^\n\nSyntaxError: Unexpected end of input'
    assert.deepEqual(findCodePlace(text, isOwn), { file: '/app/a.mjs', line: 7, column: undefined })
  })

  it('takes the first frame of a stack that is the user’s', () => {
    const text =
      'TypeError: no\n    at inner (/app/node_modules/x/index.js:1:2)\n    at Object.f (/app/src/b.ts:10:5)\n    at file:///app/c.ts:1:1'
    assert.deepEqual(findCodePlace(text, isOwn), { file: '/app/src/b.ts', line: 10, column: 5 })
    assert.deepEqual(findCodePlace('Error\n    at async file:///app/c.ts:2:9', isOwn), {
      file: '/app/c.ts',
      line: 2,
      column: 9,
    })
    assert.deepEqual(findCodePlace('Error\n    at f (C:\\app\\c.ts:2:9)', isOwn)?.file, 'C:\\app\\c.ts')
  })

  it('finds nothing where nothing is the user’s', () => {
    assert.equal(findCodePlace('Error: no\n    at node:internal/modules:1:2\n    at x (node:fs:1:1)', isOwn), undefined)
    assert.equal(findCodePlace('Error: no\n    at x (/app/node_modules/x.js:1:2)', isOwn), undefined)
  })
})

describe('codeFrame', () => {
  const source = 'one\ntwo\n\tthree(4)\nfour\nfive\nsix\n'

  it('shows the lines around the place, and a caret below it', () => {
    assert.equal(
      codeFrame(source, { file: 'a.ts', line: 3, column: 8 }),
      ['a.ts:3:8', '  1 | one', '  2 | two', '> 3 | \tthree(4)', '    | \t      ^', '  4 | four', '  5 | five'].join(
        '\n',
      ),
    )
  })

  it('marks the whole line where no column is told, and ends where the file does', () => {
    assert.equal(
      codeFrame('one\n  two', { file: 'a.ts', line: 2, column: undefined }),
      ['a.ts:2', '  1 | one', '> 2 |   two', '    |   ^^^'].join('\n'),
    )
    assert.match(codeFrame('one', { file: 'a.ts', line: 9, column: 1 }), /^a\.ts:9:1/)
  })

  it('is known where it is', () => {
    assert.equal(hasCodeFrame('x\n   ^^^\ny'), true)
    assert.equal(hasCodeFrame('a ^ b'), false)
  })
})
