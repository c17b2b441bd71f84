import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceName } from './service-name.js'

test('the option comes before the class name', () => {
  assert.deepEqual(serviceName(undefined, 'TextClassifier'), { name: 'TextClassifier', warning: undefined })
  assert.deepEqual(serviceName('text-classifier.v2', 'x'), { name: 'text-classifier.v2', warning: undefined })
})

test('refuses what no service can be called, and says why', () => {
  const cases: [unknown, string, RegExp][] = [
    [undefined, '', /'' cannot be a service name: the class has no name of its own/],
    [undefined, '_Private', /'_Private' cannot be a service name: it does not begin with a letter/],
    ['1st', 'A', /does not begin with a letter/],
    ['a b', 'A', /it has a character that is none of/],
    ['a/b', 'A', /it has a character that is none of/],
    ['a'.repeat(64), 'A', /it has 64 characters/],
    [3, 'A', /'3' cannot be a service name: it is no string/],
  ]
  for (const [option, className, message] of cases) {
    assert.throws(() => serviceName(option, className), { code: 'EKB_ERR_SERVICE_NAME', message })
  }
  assert.equal(serviceName('a'.repeat(63), 'A').name.length, 63)
})

test('warns of a class name of one or two letters, not of such an option', () => {
  assert.match(serviceName(undefined, 'tt').warning ?? '', /minifier .* --keep-names/)
  assert.equal(serviceName('tt', 'Whatever').warning, undefined)
  assert.equal(serviceName(undefined, 'Ocr').warning, undefined)
})
