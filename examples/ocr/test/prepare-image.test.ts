import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { ImageTooLarge, prepareImage, UnreadableImage } from '../lib/prepare-image.js'
import { image } from './images.js'

const bytesOf = async (name: string) => new Uint8Array(await image(name).arrayBuffer())

test('a photo comes out upright, twice as large, and of black and white alone', async () => {
  const photo = await bytesOf('notice.jpg')
  const { width, height } = await sharp(photo).metadata()
  const prepared = sharp(await prepareImage(photo))
  const found = await prepared.metadata()
  assert.deepEqual(
    [found.format, found.channels, found.width, found.height],
    ['png', 1, height * 2, width * 2],
    'the width of what stands up is the height of what lies',
  )
  const shades = new Set(await prepared.raw().toBuffer())
  assert.deepEqual([...shades].sort(), [0, 255])
})

test('a large one is made smaller, and what is transparent is white', async () => {
  const clear = { r: 0, g: 0, b: 0, alpha: 0 }
  const large = await sharp({ create: { width: 3200, height: 3200, channels: 4, background: clear } })
    .png()
    .toBuffer()
  const prepared = sharp(await prepareImage(large))
  assert.equal((await prepared.metadata()).width, 3000)
  assert.deepEqual([...new Set(await prepared.raw().toBuffer())], [255])
})

test('what is no image, or half of one, or a drawing, is unreadable', async () => {
  const drawing = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>')
  const half = (await bytesOf('receipt.png')).subarray(0, 3000)
  for (const bytes of [await bytesOf('not-an-image.png'), half, drawing, new Uint8Array(0)]) {
    await assert.rejects(prepareImage(bytes), UnreadableImage)
  }
})

test('an image of too many pixels is refused by its head alone', async () => {
  const bomb = Buffer.from(await bytesOf('receipt.png'))
  // A PNG begins with 8 bytes; then length and name of the first chunk, its width and height, and in the end its sum.
  bomb.writeUInt32BE(30_000, 16)
  bomb.writeUInt32BE(20_000, 20)
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29)
  await assert.rejects(prepareImage(bomb), ImageTooLarge)
})
