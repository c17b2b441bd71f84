import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { type ParsedIdentifier, parseIdentifier } from './parse-identifier.js'

const path = (written: string, exportName?: string): ParsedIdentifier => ({ type: 'path', path: written, exportName })
const name = (written: string, exportName?: string): ParsedIdentifier => ({ type: 'name', name: written, exportName })

const FORMS: readonly (readonly [string, ParsedIdentifier])[] = [
  ['service:TextClassifier', name('service', 'TextClassifier')],
  ['service', name('service')],
  ['service:default', name('service', 'default')],
  ['service:$größe_1', name('service', '$größe_1')],
  ['src/service.js', name('src/service.js')],
  ['src/service.ts:A', name('src/service.ts', 'A')],
  ['my-folder/', name('my-folder/')],
  ['./src/service.ts:TextClassifier', path('./src/service.ts', 'TextClassifier')],
  ['../other/service.js', path('../other/service.js')],
  ['/srv/app/service.mjs:A', path('/srv/app/service.mjs', 'A')],
  ['~/app/service:A', path('~/app/service', 'A')],
  ['~', path('~')],
  ['.', path('.')],
  ['..', path('..')],
  ['./', path('./')],
  ['.:A', path('.', 'A')],
  ['.hidden:A', name('.hidden', 'A')],
  ['pkg/sub:Name', name('pkg/sub', 'Name')],
  ['@scope/pkg:Name', name('@scope/pkg', 'Name')],
  ['@scope/pkg/sub', name('@scope/pkg/sub')],
  ['C:\\app\\service.ts:A', path('C:\\app\\service.ts', 'A')],
  ['c:/app/service.ts', path('c:/app/service.ts')],
  ['C:A', name('C', 'A')],
  ['file:///srv/service.ts:A', path('file:///srv/service.ts', 'A')],
  ['file:///C:/srv/service.ts:A', path('file:///C:/srv/service.ts', 'A')],
  ['file:///C:/srv/service.ts', path('file:///C:/srv/service.ts')],
  ['bundle:summarizer', { type: 'bundle', name: 'summarizer', version: undefined }],
  ['bundle:summarizer:1.2', { type: 'bundle', name: 'summarizer', version: '1.2' }],
  ['./bundle:A', path('./bundle', 'A')],
]

const MALFORMED: readonly (readonly [string, RegExp])[] = [
  ['', /empty/],
  ['   ', /empty/],
  [' service:A', /white space/],
  ['service:A\n', /white space/],
  ['ser\0vice', /control character/],
  [':A', /before the colon is empty/],
  ['service:', /after the colon is empty/],
  ['service:A:B', /more than one colon/],
  ['service:A.b', /dotted path/],
  ['service:1A', /cannot be the name/],
  ['service:a-b', /cannot be the name/],
  ['service:a/b', /cannot be the name/],
  ['https://example.com/service.js', /URL/],
  ['@scope', /@scope\/name/],
  ['@scope/:A', /@scope\/name/],
  ['#internal:A', /# imports/],
  ['bundle:', /name after bundle/],
  ['bundle::1', /name after bundle/],
  ['bundle:a:', /version/],
  ['bundle:a:1:2', /bundle:name:version/],
]

describe('parseIdentifier', () => {
  for (const [identifier, expected] of FORMS) {
    it(`reads ${identifier}`, () => assert.deepEqual(parseIdentifier(identifier), expected))
  }
  for (const [identifier, reason] of MALFORMED) {
    it(`refuses ${JSON.stringify(identifier)}`, () => {
      assert.throws(
        () => parseIdentifier(identifier),
        (error) => isServiceError(error, 'EKB_ERR_IDENTIFIER_MALFORMED') && reason.test(error.message),
      )
    })
  }
  it('refuses what is no string', () => {
    assert.throws(() => parseIdentifier(undefined as never), /it is undefined, not a string/)
    assert.throws(() => parseIdentifier(null as never), /it is null/)
  })
})
