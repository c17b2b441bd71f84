import { api, service } from '@ekiben/core'
import { z } from 'zod'
import { cleanText } from './lib/clean-text.js'

/** Turns raw messages into what a person wrote. */
@service()
export class Cleaner {
  @api({ input: z.object({ texts: z.array(z.string()) }), output: z.array(z.string()), idempotent: true })
  async clean({ texts }: { texts: string[] }): Promise<string[]> {
    return texts.map(cleanText)
  }
}
