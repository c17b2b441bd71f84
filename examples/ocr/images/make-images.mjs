/** Draws the images of this folder; fonts of the machine decide what they look like. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'

const FOLDER = import.meta.dirname

const receipt = [
  'Station Bento Co.',
  'Salmon lunch box  12.50',
  'Green tea  2.80',
  'Total  15.30',
  'Thank you, and have a pleasant journey',
]
await sharp(page(receipt, { width: 640, lineHeight: 52 }))
  .png({ palette: true, colours: 8 })
  .toFile(join(FOLDER, 'receipt.png'))

// As a telephone keeps a photo: lying on its side, with a word about which way is up. Crooked, and with grain.
const notice = ['Platform 9 is closed today.', 'Trains to the coast leave', 'from platform 4 instead.']
const skewed = sharp(page(notice, { width: 620, lineHeight: 58, ink: '#444' })).rotate(2.5, { background: '#e8e2d0' })
const { data, info } = await skewed.png().toBuffer({ resolveWithObject: true })
const noise = { type: 'gaussian', mean: 128, sigma: 28 }
const { width, height } = info
const grain = await sharp({ create: { width, height, channels: 3, background: 'grey', noise } })
  .png()
  .toBuffer()
const photo = await sharp(data)
  .composite([{ input: grain, blend: 'soft-light' }])
  .png()
  .toBuffer()
await sharp(photo).rotate(-90).withMetadata({ orientation: 6 }).jpeg({ quality: 60 }).toFile(join(FOLDER, 'notice.jpg'))

await writeFile(join(FOLDER, 'not-an-image.png'), 'Text that has the name of an image.\n')

function page(lines, { width, lineHeight, ink = '#222' }) {
  const text = lines
    .map((line, at) => `<text x="32" y="${(at + 1) * lineHeight + 8}" xml:space="preserve">${line}</text>`)
    .join('')
  const height = (lines.length + 1) * lineHeight
  const style = `font-family="DejaVu Sans" font-size="28" fill="${ink}"`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="100%" fill="#f4f0e6"/><g ${style}>${text}</g></svg>`
  return Buffer.from(svg)
}
