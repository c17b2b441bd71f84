import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServiceError } from '@ekiben/core'
import { fakeClient, testService } from '@ekiben/core/testing'
import { Ocr } from '../ocr.js'
import { Preprocess } from '../preprocess.js'
import { Reader } from '../service.js'
import { formOf, image, NOTICE } from './images.js'

const upload = (value: File | string): RequestInit => ({ method: 'POST', body: formOf(value) })

test('what is read is the prepared image', async () => {
  const preprocess = fakeClient(Preprocess, {
    prepare: async ({ image }) => new File([await image.text(), ', prepared'], `prepared-${image.name}`),
  })
  const ocr = fakeClient(Ocr, {
    recognise: async ({ image }) => ({ text: `${image.name}: ${await image.text()}`, confidence: 1, lines: [] }),
  })
  await using tested = await testService(Reader, { dependencies: { preprocess, ocr } })
  const { text } = await tested.client.read({ image: new File(['an image'], 'a.png') })
  assert.equal(text, 'prepared-a.png: an image, prepared')
})

test('a file that is no image is refused, and Ocr is not asked', async () => {
  await using tested = await testService(Reader, { dependencies: { ocr: fakeClient(Ocr) } })
  const answer = await tested.fetch('/read', upload(image('not-an-image.png', 'image/png')))
  const { code, error } = (await answer.json()) as { code: string; error: string }
  assert.deepEqual([answer.status, code], [422, 'IMAGE_UNREADABLE'])
  assert.match(error, /^'not-an-image\.png' is no image/)
})

test('text where the image belongs is refused', async () => {
  await using tested = await testService(Reader, { dependencies: { ocr: fakeClient(Ocr) } })
  assert.equal((await tested.fetch('/read', upload('http://example.com/a.png'))).status, 400)
})

test('a fault of Ocr is not passed on as the fault of the image', async () => {
  const ocr = fakeClient(Ocr, {
    recognise: () => {
      throw new ServiceError('The input is not valid', { statusCode: 400 })
    },
  })
  await using tested = await testService(Reader, { dependencies: { ocr } })
  assert.equal((await tested.fetch('/read', upload(image('receipt.png')))).status, 502)
})

test('the whole graph reads a photo in one process', async () => {
  await using tested = await testService(Reader)
  const { text, confidence, lines } = await tested.client.read({ image: image('notice.jpg') })
  assert.equal(text, NOTICE)
  assert.equal(lines.length, 3)
  assert.ok(confidence > 0.7 && confidence <= 1, `confidence ${confidence}`)
})
