import sharp from 'sharp'

/** What is decoded at all: neither SVG, which may name other files, nor formats that few have a use for. */
const LOADERS = ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer']
/** A few KB may claim to be an image of gigabytes. */
const MAX_PIXELS = 40_000_000
/** Text of a screen is small for the reader: images are made so many times as wide, up to so many pixels. */
const ENLARGE = 2
const MAX_PREPARED_PIXELS = 9_000_000
/** Of 0 to 255: what is darker is ink. */
const INK_BELOW = 150

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: LOADERS })
// The pool's workers are what runs at the same time; and no image comes twice.
sharp.concurrency(1)
sharp.cache(false)

/** It is no PNG, JPEG or WebP, or a broken one. */
export class UnreadableImage extends Error {}

/** It has more pixels than are decoded. */
export class ImageTooLarge extends Error {}

/** A PNG of the same text that is easy to read: upright, large enough, without noise, black on white. */
export async function prepareImage(image: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = await decode(async () => {
    // Its limit is ours to say: below. Of a photo on its side these are width and height when it stands.
    return (await sharp(image, { limitInputPixels: false }).metadata()).autoOrient
  })
  if (width * height > MAX_PIXELS) {
    throw new ImageTooLarge(`The image has ${width} x ${height} pixels; at most ${MAX_PIXELS} are read`)
  }
  const scale = Math.min(ENLARGE, Math.sqrt(MAX_PREPARED_PIXELS / (width * height)))
  const prepared = await decode(() =>
    sharp(image)
      .autoOrient()
      .flatten({ background: 'white' })
      .resize({ width: Math.ceil(width * scale) })
      .median(3)
      .greyscale()
      .normalise()
      .threshold(INK_BELOW)
      .toColourspace('b-w')
      .withDensity(300)
      .png()
      .toBuffer(),
  )
  return new Uint8Array(prepared)
}

/** sharp's errors have no codes: all that it throws on decoding is about the image. */
async function decode<T>(decoding: () => Promise<T>): Promise<T> {
  try {
    return await decoding()
  } catch (cause) {
    throw new UnreadableImage((cause as Error).message, { cause })
  }
}
