import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureReason, parseLocation, strippingGap } from './failure-reason.js'

const error = (name: string, message: string, fields: object = {}) =>
  Object.assign(new Error(message), { name, ...fields })

describe('parseLocation', () => {
  it('reads what Node prints above a SyntaxError', () => {
    const stack = 'file:///app/a.mjs:3\nconst b = = 2\n          ^\n\nSyntaxError: Unexpected token\n    at x'
    assert.deepEqual(parseLocation(stack), {
      file: '/app/a.mjs',
      line: 3,
      excerpt: 'const b = = 2\n          ^',
      character: '=',
    })
    assert.equal(parseLocation('C:\\app\\a.js:12\n@d\n^\n')?.file, 'C:\\app\\a.js')
  })

  it('reads an excerpt of several lines', () => {
    const location = parseLocation(
      'file:///app/a.mts:2\nconst a: number = 1\nconst b = = 2\n          ^\n\nSyntaxError: x',
    )
    assert.equal(location?.excerpt, 'const b = = 2\n          ^')
    assert.equal(location?.line, 2)
  })

  it('reads nothing where there is none', () => {
    assert.equal(parseLocation(new Error('x').stack), undefined)
    assert.equal(parseLocation('Error: at 10:30\n    at a\n    at b'), undefined)
    assert.equal(parseLocation(undefined), undefined)
  })
})

describe('failureReason', () => {
  const location = { file: '/app/a.js', line: 3, excerpt: '', character: '' }
  const CASES: readonly (readonly [unknown, string])[] = [
    [new Error('boom'), 'boom'],
    [new TypeError('x is not a function'), 'TypeError: x is not a function'],
    [new RangeError(''), 'RangeError'],
    [error('Error', 'one\ntwo\nthree\nfour\nfive'), 'one\ntwo\nthree\nfour'],
    ['text', "it threw 'text'"],
    [undefined, 'it threw undefined'],
    [{ message: 'like an error', name: 'Odd' }, 'Odd: like an error'],
  ]
  for (const [thrown, expected] of CASES) {
    it(`says ${JSON.stringify(expected)}`, () => assert.equal(failureReason(thrown, undefined), expected))
  }
  it('says where', () => assert.equal(failureReason(new Error('boom'), location), 'boom (/app/a.js:3)'))
})

describe('strippingGap', () => {
  const nothing = () => false
  const at = (character: string) => ({ file: '/app/a.ts', line: 2, excerpt: '', character })

  const GAPS: readonly (readonly [string, string | undefined])[] = [
    [
      'TypeScript enum is not supported in strip-only mode',
      strippingGap(
        error('SyntaxError', 'TypeScript enum is not supported in strip-only mode', {
          code: 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
        }),
        undefined,
        nothing,
      ),
    ],
    [
      'does not run .tsx files',
      strippingGap(
        error('TypeError', 'Unknown file extension ".tsx" for /a.tsx', { code: 'ERR_UNKNOWN_FILE_EXTENSION' }),
        undefined,
        nothing,
      ),
    ],
    [
      'it leaves decorators as they are (/app/a.ts:2)',
      strippingGap(error('SyntaxError', 'Invalid or unexpected token'), at('@'), nothing),
    ],
    [
      'only b.ts is there',
      strippingGap(
        error('Error', "Cannot find module '/app/b.js'", { code: 'ERR_MODULE_NOT_FOUND', url: 'file:///app/b.js' }),
        undefined,
        (url) => url === 'file:///app/b.ts',
      ),
    ],
    [
      'only b.ts is there',
      strippingGap(
        error('Error', "Cannot find module '/app/b'", { code: 'ERR_MODULE_NOT_FOUND', url: 'file:///app/b' }),
        undefined,
        (url) => url === 'file:///app/b.ts',
      ),
    ],
  ]
  for (const [expected, gap] of GAPS) it(`finds: ${expected}`, () => assert.ok(gap?.includes(expected), gap))

  it('finds none where the module is at fault', () => {
    const missing = error('Error', 'Cannot find', { code: 'ERR_MODULE_NOT_FOUND', url: 'file:///app/b.js' })
    assert.equal(strippingGap(missing, undefined, nothing), undefined)
    assert.equal(strippingGap(error('SyntaxError', 'Unexpected token'), at('='), nothing), undefined)
    assert.equal(
      strippingGap(
        error('SyntaxError', 'Expression expected', { code: 'ERR_INVALID_TYPESCRIPT_SYNTAX' }),
        at('@'),
        nothing,
      ),
      undefined,
    )
    assert.equal(
      strippingGap(
        error('TypeError', 'Unknown file extension ".py"', { code: 'ERR_UNKNOWN_FILE_EXTENSION' }),
        undefined,
        nothing,
      ),
      undefined,
    )
    assert.equal(strippingGap('text', undefined, nothing), undefined)
  })
})
