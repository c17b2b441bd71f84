import { api, depends, type ServiceClient, service } from '@ekiben/core'
import { z } from 'zod'
import { Cleaner } from './cleaner.js'
import { loadSentenceEncoder, type SentenceEncoder } from './lib/sentence-encoder.js'

/** Holds the model: 32 MB and all the computing, so it has a pool of its own. */
@service({ workers: 2 })
export class Embedder {
  @depends(Cleaner) cleaner!: ServiceClient<Cleaner>

  private encoder!: SentenceEncoder

  async onStart(): Promise<void> {
    this.encoder = await loadSentenceEncoder()
  }

  @api({
    input: z.object({ texts: z.array(z.string().trim().min(1)).min(1).max(64) }),
    output: z.array(z.array(z.number())),
    idempotent: true,
  })
  async embed({ texts }: { texts: string[] }): Promise<number[][]> {
    return this.encoder.encode(await this.cleaner.clean({ texts }))
  }
}
