import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moodOf } from '../lib/mood.js'

test('tells an angry, a plain and a happy message apart', () => {
  assert.equal(moodOf('This is awful, I am VERY angry!'), 'negative')
  assert.equal(moodOf('Where is my parcel?'), 'neutral')
  assert.equal(moodOf('Thank you, I love it!'), 'positive')
})
