import { api, depends, type ServiceClient, service } from '@ekiben/core'
import { z } from 'zod'
import { Embedder } from './embedder.js'
import { readLabelledSentences } from './lib/labelled-sentences.js'
import { MOODS } from './lib/mood.js'
import { type Neighbour, nearestLabel } from './lib/nearest-label.js'
import { Sentiment } from './sentiment.js'

const BATCH = 16
const Input = z.object({ text: z.string().trim().min(1).max(5_000) })
const Output = z.object({ label: z.string(), score: z.number(), nearest: z.string(), mood: z.enum(MOODS) })

/** Says what a customer's message is about, by the labelled sentences that mean nearly the same. */
@service({ traffic: { timeoutMs: 10_000 } })
export class TextClassifier {
  @depends(Embedder) embedder!: ServiceClient<Embedder>
  @depends(Sentiment) sentiment!: ServiceClient<Sentiment>

  private index: Neighbour[] = []

  // The model is in another process, and it is ready before this one starts.
  async onStart(): Promise<void> {
    const sentences = await readLabelledSentences('sentences')
    for (let at = 0; at < sentences.length; at += BATCH) {
      const batch = sentences.slice(at, at + BATCH)
      const vectors = await this.embedder.embed({ texts: batch.map(({ text }) => text) })
      this.index.push(...batch.map((sentence, i) => ({ ...sentence, vector: vectors[i] ?? [] })))
    }
  }

  @api({ input: Input, output: Output, idempotent: true })
  async classify({ text }: z.output<typeof Input>): Promise<z.input<typeof Output>> {
    const [[vector = []], { mood }] = await Promise.all([
      this.embedder.embed({ texts: [text] }),
      this.sentiment.rate({ text }),
    ])
    return { ...nearestLabel(vector, this.index), mood }
  }
}
