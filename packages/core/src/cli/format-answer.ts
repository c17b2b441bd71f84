/** What `ekiben call` prints of an answer: JSON on one line, indented for a reader; text and bytes as they are. */
export function formatAnswer(value: unknown, isTerminal: boolean): string | Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return isTerminal && !value.endsWith('\n') ? `${value}\n` : value
  return `${JSON.stringify(value ?? null, null, isTerminal ? 2 : 0)}\n`
}

/** One item of a stream: a text as it is, since it may be a piece of one; anything else as a line of JSON. */
export function formatItem(item: unknown): string | Uint8Array {
  if (item instanceof Uint8Array || typeof item === 'string') return item
  return `${JSON.stringify(item)}\n`
}
