import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRetryAfter, type RefusalBody, refusalOf, resemblesRefusal } from './parse-refusal.js'

describe('refusalOf', () => {
  const cases: [string, string, RefusalBody][] = [
    [
      "Ekiben's",
      '{"error":"No","code":"ORDER_TAKEN","statusCode":409,"detail":{"id":7},"requestId":"r1"}',
      { message: 'No', code: 'ORDER_TAKEN', statusCode: 409, detail: { id: 7 }, requestId: 'r1' },
    ],
    ["BentoML's object", '{"error":"1 validation error","detail":[]}', { message: '1 validation error', detail: [] }],
    ["BentoML's list", '[{"error":"no such thing"}]', { message: 'no such thing' }],
    ['one with a message', '{"statusCode":404,"message":"Not Found"}', { statusCode: 404, message: 'Not Found' }],
    ['one below error', '{"error":{"message":"No","code":"x"}}', { message: 'No', code: 'x' }],
    ['text', ' Not Found\n', { message: 'Not Found' }],
    ['a page', '<html><body>502</body></html>', {}],
    ['nothing', '', {}],
    ['another JSON', '5', {}],
  ]
  for (const [name, text, expected] of cases) it(name, () => assert.deepEqual(refusalOf(text), expected))
})

describe('resemblesRefusal', () => {
  for (const value of [{ error: 'No', code: 'X' }, { error: { code: 'X' } }]) {
    it(`${JSON.stringify(value)} may be one`, () => assert.ok(resemblesRefusal(value)))
  }
  for (const value of [{ error: 'No' }, { code: 'X' }, 'error', null, { error: null, code: 5 }]) {
    it(`${JSON.stringify(value)} is none`, () => assert.ok(!resemblesRefusal(value)))
  }
})

describe('parseRetryAfter', () => {
  const cases: [string | null, number | undefined][] = [
    ['2', 2000],
    ['0', 0],
    ['Wed, 21 Oct 2015 07:28:00 GMT', undefined],
    ['-1', undefined],
    [null, undefined],
  ]
  for (const [header, ms] of cases) it(String(header), () => assert.equal(parseRetryAfter(header), ms))
})
