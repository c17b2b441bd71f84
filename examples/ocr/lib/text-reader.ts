import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createWorker, OEM, PSM } from 'tesseract.js'

const { resolve } = createRequire(import.meta.url)
/** The data of the English language, as its npm package has it. */
const LANGUAGE_FOLDER = join(dirname(resolve('@tesseract.js-data/eng/package.json')), '4.0.0_best_int')

export interface ReadText {
  readonly text: string
  /** 0 to 1. */
  readonly confidence: number
  readonly lines: { readonly text: string; readonly confidence: number }[]
}

/** Reads images in a thread of its own, one after another. */
export interface TextReader {
  read(image: Uint8Array): Promise<ReadText>
  close(): Promise<void>
}

/** Starts Tesseract: script, WebAssembly and language data come from npm packages, and no file is written. */
export async function startTextReader(): Promise<TextReader> {
  const tesseract = await createWorker('eng', OEM.LSTM_ONLY, {
    langPath: LANGUAGE_FOLDER,
    cacheMethod: 'none',
    // Without it, an error is thrown where nobody can catch it, beside the rejected promise.
    errorHandler: () => {},
  })
  await tesseract.setParameters({ tessedit_pageseg_mode: PSM.AUTO })
  return {
    async read(image) {
      const { data } = await tesseract.recognize(Buffer.from(image), { rotateAuto: true }, { blocks: true })
      const paragraphs = (data.blocks ?? []).flatMap((block) => block.paragraphs)
      const lines = paragraphs
        .flatMap((paragraph) => paragraph.lines)
        .map(({ text, confidence }) => ({ text: text.trim(), confidence: share(confidence) }))
      // Where it found no text it says now 0, now how sure it is of that.
      const confidence = lines.length === 0 ? 0 : share(data.confidence)
      return { text: lines.map(({ text }) => text).join('\n'), confidence, lines }
    },
    close: async () => {
      await tesseract.terminate()
    },
  }
}

/** Per cent, as two digits behind the point. */
function share(percent: number): number {
  return Math.round(percent) / 100
}
