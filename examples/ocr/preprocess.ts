import { api, ServiceError, service } from '@ekiben/core'
import { z } from 'zod'
import { ImageTooLarge, prepareImage, UnreadableImage } from './lib/prepare-image.js'

/** Makes of a picture of text one that is easy to read. */
@service()
export class Preprocess {
  @api({ input: z.object({ image: z.file() }), output: z.file(), idempotent: true })
  async prepare({ image }: { image: File }): Promise<File> {
    try {
      const png = await prepareImage(new Uint8Array(await image.arrayBuffer()))
      return new File([png], 'prepared.png', { type: 'image/png' })
    } catch (error) {
      if (error instanceof ImageTooLarge) {
        throw new ServiceError(error.message, { statusCode: 413, code: 'IMAGE_TOO_LARGE', cause: error })
      }
      if (error instanceof UnreadableImage) {
        const message = `'${image.name}' is no image that can be read: send a whole PNG, JPEG or WebP`
        throw new ServiceError(message, { statusCode: 422, code: 'IMAGE_UNREADABLE', cause: error })
      }
      throw error
    }
  }
}
