import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import sharp from 'sharp'
import { startTextReader } from '../lib/text-reader.js'
import { EXAMPLE, image, NOTICE, RECEIPT } from './images.js'

const bytesOf = async (name: string) => new Uint8Array(await image(name).arrayBuffer())

test('the reader reads what is upright, finds nothing on a blank page, and goes on after a broken image', async () => {
  const before = await readdir(process.cwd())
  const reader = await startTextReader()
  try {
    // Why images are prepared: it does not know that a photo lies on its side.
    assert.notEqual((await reader.read(await bytesOf('notice.jpg'))).text, NOTICE)
    const blank = { create: { width: 300, height: 100, channels: 3, background: 'white' } } as const
    assert.deepEqual(await reader.read(await sharp(blank).png().toBuffer()), { text: '', confidence: 0, lines: [] })
    await assert.rejects(reader.read(Buffer.from('no image')))
    assert.equal((await reader.read(await bytesOf('receipt.png'))).text, RECEIPT)
  } finally {
    await reader.close()
  }
  assert.deepEqual(await readdir(process.cwd()), before, 'the language data is not copied to where the process runs')
  assert.deepEqual(
    (await readdir(EXAMPLE)).filter((name) => name.includes('traineddata')),
    [],
  )
})
