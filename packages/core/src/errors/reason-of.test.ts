import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reasonOf } from './reason-of.js'

test('has words for whatever is thrown', () => {
  assert.equal(reasonOf(new Error('no model')), 'no model')
  assert.equal(reasonOf('no model'), 'no model')
  assert.equal(reasonOf(undefined), 'undefined')
  assert.equal(reasonOf(Object.create(null)), 'a thrown object that has no text')
})
