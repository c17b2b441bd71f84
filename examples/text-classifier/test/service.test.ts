import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClient, testService } from '@ekiben/core/testing'
import { Embedder } from '../embedder.js'
import { Sentiment } from '../sentiment.js'
import { TextClassifier } from '../service.js'

// Two dimensions will do: one for parcels, one for all else. No model is loaded.
const embedder = fakeClient(Embedder, {
  embed: ({ texts }) => texts.map((text) => (/parcel|package|deliver/i.test(text) ? [1, 0] : [0, 1])),
})
const sentiment = fakeClient(Sentiment, { rate: () => ({ mood: 'neutral' }) })

test('a message is labelled as those that mean the same', async () => {
  await using tested = await testService(TextClassifier, { dependencies: { embedder, sentiment } })
  const { label, mood } = await tested.client.classify({ text: 'Where is my parcel?' })
  assert.deepEqual({ label, mood }, { label: 'delivery', mood: 'neutral' })
})

test('an empty message is refused over HTTP', async () => {
  await using tested = await testService(TextClassifier, { dependencies: { embedder, sentiment } })
  const answer = await tested.fetch('/classify', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: ' ' }),
  })
  assert.equal(answer.status, 400)
})

test('the mood is found by the real services, without the model', async () => {
  await using tested = await testService(TextClassifier, { dependencies: { embedder } })
  const { mood } = await tested.client.classify({ text: 'Thank you, it is wonderful!' })
  assert.equal(mood, 'positive')
})
