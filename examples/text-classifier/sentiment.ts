import { api, depends, type ServiceClient, service } from '@ekiben/core'
import { z } from 'zod'
import { Cleaner } from './cleaner.js'
import { MOODS, type Mood, moodOf } from './lib/mood.js'

/** Says how a message sounds, so that angry customers are answered first. */
@service()
export class Sentiment {
  @depends(Cleaner) cleaner!: ServiceClient<Cleaner>

  @api({ input: z.object({ text: z.string() }), output: z.object({ mood: z.enum(MOODS) }), idempotent: true })
  async rate({ text }: { text: string }): Promise<{ mood: Mood }> {
    const [cleaned] = await this.cleaner.clean({ texts: [text] })
    return { mood: moodOf(cleaned ?? text) }
  }
}
