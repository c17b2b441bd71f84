import { api, service } from '@ekiben/core'
import { z } from 'zod'
import { startTextReader, type TextReader } from './lib/text-reader.js'

export const Recognised = z.object({
  text: z.string(),
  confidence: z.number(),
  lines: z.array(z.object({ text: z.string(), confidence: z.number() })),
})
export type Recognised = z.output<typeof Recognised>

/** Holds the language data, and does the computing: one image at a time in each worker, the others wait in the pool. */
@service({ workers: 2, traffic: { maxConcurrency: 1 } })
export class Ocr {
  private reader: TextReader | undefined

  async onStart(): Promise<void> {
    this.reader = await startTextReader()
  }

  async onStop(): Promise<void> {
    await this.reader?.close()
  }

  @api({ input: z.object({ image: z.file() }), output: Recognised, idempotent: true })
  async recognise({ image }: { image: File }): Promise<Recognised> {
    if (this.reader === undefined) throw new Error('called before onStart')
    return this.reader.read(new Uint8Array(await image.arrayBuffer()))
  }
}
