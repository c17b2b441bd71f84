const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Below it are digits, signs, colons and commas. */
const OPEN_LIST = 0x5b
/** A brace is a bracket with this bit. */
const BRACE_BIT = 0x20
const OPEN = OPEN_LIST | BRACE_BIT
const CLOSE = 0x5d | BRACE_BIT

/** Whether a JSON text nests lists and objects deeper than so many levels. Without recursion. */
export function isNestedDeeper(text: string, levels: number): boolean {
  // Nearly all texts are too short, or open too few; to look for a character costs next to nothing.
  return text.length > 2 * levels && opensMore(text, levels) && reachesDeeper(text, levels)
}

function opensMore(text: string, limit: number): boolean {
  let count = 0
  for (const opener of ['[', '{']) {
    for (let at = text.indexOf(opener); at !== -1; at = text.indexOf(opener, at + 1)) {
      count++
      if (count > limit) return true
    }
  }
  return false
}

function reachesDeeper(text: string, levels: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    // Digits first: they are what large texts have most of.
    if (character < OPEN_LIST) {
      if (character === QUOTE) at = stringEnd(text, at)
    } else if ((character | BRACE_BIT) === OPEN) {
      depth++
      if (depth > levels) return true
    } else if ((character | BRACE_BIT) === CLOSE) {
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
