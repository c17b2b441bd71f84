const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Whether a JSON text nests lists and objects deeper than so many levels. Without recursion, and quick where it is short. */
export function isNestedDeeper(text: string, levels: number): boolean {
  // Each level takes two characters.
  if (text.length <= 2 * levels) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === QUOTE) {
      at = stringEnd(text, at)
    } else if (character === OPEN_LIST || character === OPEN_OBJECT) {
      depth++
      if (depth > levels) return true
    } else if (character === CLOSE_LIST || character === CLOSE_OBJECT) {
      depth--
    }
  }
  return false
}

/** Where the string that opens here closes. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}
