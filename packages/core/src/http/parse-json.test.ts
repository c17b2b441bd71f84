import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseJson, parseJsonOrText } from './parse-json.js'

describe('parseJson', () => {
  const poisoned = [
    '{"__proto__":{"admin":true}}',
    '[{"a":[{"__proto__":1}]}]',
    '{"\\u005f_proto__":1}',
    '{"a":{"constructor":{"prototype":{}}}}',
    '{"\\u0063onstructor":{"prototype":1}}',
  ]
  for (const text of poisoned) {
    test(`refuses ${text}`, () => {
      for (const parse of [parseJson, parseJsonOrText]) {
        assert.throws(() => parse(text), { code: 'EKB_ERR_BODY_INVALID', statusCode: 400 })
      }
    })
  }

  const harmless = ['{"text":"__proto__"}', '{"constructor":"Ford"}', '{"constructor":{"name":"a"}}', '"\\u00fc"', '[]']
  for (const text of harmless) test(`takes ${text}`, () => assert.deepEqual(parseJson(text), JSON.parse(text)))

  test('refuses what nests deeper than 1000 levels, and is not felled by more', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}"__proto__"${']'.repeat(levels)}`
    for (const parse of [parseJson, parseJsonOrText]) {
      assert.ok(Array.isArray(parse(nested(1000))))
      for (const levels of [1001, 1_000_000]) {
        assert.throws(() => parse(nested(levels)), { code: 'EKB_ERR_BODY_INVALID', message: /deeper than 1000 levels/ })
      }
    }
  })
})

test('parseJsonOrText gives a text that is no JSON back', () => {
  assert.equal(parseJsonOrText('['.repeat(5000)), '['.repeat(5000))
  assert.equal(parseJsonOrText('a"'), 'a"')
  assert.equal(parseJsonOrText('5'), 5)
})
