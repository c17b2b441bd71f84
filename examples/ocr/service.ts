import { api, depends, ServiceCallError, type ServiceClient, service } from '@ekiben/core'
import { z } from 'zod'
import { Ocr, Recognised } from './ocr.js'
import { Preprocess } from './preprocess.js'

/** Takes an image and answers with the text in it. */
@service({ traffic: { timeoutMs: 20_000 } })
export class Reader {
  @depends(Preprocess) preprocess!: ServiceClient<Preprocess>
  @depends(Ocr) ocr!: ServiceClient<Ocr>

  @api({
    description: 'The text in a PNG, JPEG or WebP image, line by line, with how sure the reader is of it (0 to 1).',
    input: z.object({ image: z.file() }),
    output: Recognised,
    bodyLimit: '8M',
    idempotent: true,
  })
  async read({ image }: { image: File }): Promise<Recognised> {
    return this.ocr.recognise({ image: await this.prepared(image) })
  }

  private async prepared(image: File): Promise<File> {
    try {
      return await this.preprocess.prepare({ image })
    } catch (error) {
      // What is wrong with an image is its sender's to know; the refusal of a dependency is 502 else.
      throw error instanceof ServiceCallError ? error.asOwn() : error
    }
  }
}
