import { readFile } from 'node:fs/promises'
import { z } from 'zod'

export interface LabelledSentence {
  readonly label: string
  readonly text: string
}

const FileShape = z.record(z.string(), z.array(z.string().min(1)).min(1))

/** Reads one of the files in `data/`, an object of label to sentences. */
export async function readLabelledSentences(name: 'sentences' | 'held-back'): Promise<LabelledSentence[]> {
  const file = new URL(`../data/${name}.json`, import.meta.url)
  const labels = FileShape.parse(JSON.parse(await readFile(file, 'utf8')))
  return Object.entries(labels).flatMap(([label, texts]) => texts.map((text) => ({ label, text })))
}
