import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const EXAMPLE = fileURLToPath(new URL('..', import.meta.url))

/** What stands in images/receipt.png: clean, a screen's size. */
export const RECEIPT = [
  'Station Bento Co.',
  'Salmon lunch box 12.50',
  'Green tea 2.80',
  'Total 15.30',
  'Thank you, and have a pleasant journey',
].join('\n')

/** What stands in images/notice.jpg: lying on its side, crooked, with grain. */
export const NOTICE = ['Platform 9 is closed today.', 'Trains to the coast leave', 'from platform 4 instead.'].join(
  '\n',
)

/** An image of this example, as it would be uploaded. */
export function image(name: string, type = ''): File {
  return new File([new Uint8Array(readFileSync(`${EXAMPLE}images/${name}`))], name, { type })
}

/** A form with one field. */
export function formOf(value: File | string): FormData {
  const form = new FormData()
  form.append('image', value)
  return form
}
