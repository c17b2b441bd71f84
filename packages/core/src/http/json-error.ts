/** Where and why a text is not JSON. The engine's own message differs with each version, and quotes the client. */
export interface JsonError {
  /** Index of the offending character; the length of the text where it ends too early. */
  readonly position: number
  readonly line: number
  readonly column: number
  readonly reason: string
}

const WHITESPACE = /[ \t\n\r]*/y
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const STRING_PART = /[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*){0,1000}/y

/** The first error in a text that `JSON.parse` refuses. */
export function findJsonError(text: string): JsonError {
  const position = findPosition(text)
  const before = text.slice(0, position)
  const character = text[position]
  return {
    position,
    line: before.split('\n').length,
    column: position - before.lastIndexOf('\n'),
    reason: character === undefined ? 'it ends too early' : `unexpected ${JSON.stringify(character)}`,
  }
}

/** Token by token, without recursion: a client may nest as deeply as it likes. */
function findPosition(text: string): number {
  const closers: ('}' | ']')[] = []
  let wants: 'value' | 'first item' | 'key' | 'first key' | 'comma' = 'value'
  for (let at = skip(WHITESPACE, text, 0); ; at = skip(WHITESPACE, text, at)) {
    const character = text[at]
    const closer = closers.at(-1)
    const mayClose = wants === 'comma' || wants === 'first item' || wants === 'first key'
    if (mayClose && closer !== undefined && character === closer) {
      closers.pop()
      wants = 'comma'
      at++
    } else if (wants === 'comma') {
      if (closer === undefined || character !== ',') return at
      wants = closer === '}' ? 'key' : 'value'
      at++
    } else if (wants === 'key' || wants === 'first key') {
      const colon = skip(WHITESPACE, text, stringEnd(text, at))
      if (character !== '"' || text[colon] !== ':') return character === '"' ? colon : at
      wants = 'value'
      at = colon + 1
    } else if (character === '{' || character === '[') {
      closers.push(character === '{' ? '}' : ']')
      wants = character === '{' ? 'first key' : 'first item'
      at++
    } else {
      const end = character === '"' ? stringEnd(text, at) : skip(SCALAR, text, at)
      if (end === at || (character === '"' && text[end - 1] !== '"')) return end
      wants = 'comma'
      at = end
    }
  }
}

/** After the closing quote; without one, where the string breaks off. */
function stringEnd(text: string, at: number): number {
  let end = at + 1
  // Part by part: for each escape, an expression keeps a way back, and millions of them are more than it can.
  for (let next = skip(STRING_PART, text, end); next > end; next = skip(STRING_PART, text, end)) end = next
  return text[end] === '"' ? end + 1 : end
}

/** Where a sticky expression that starts here ends; `at` itself if it does not match. */
function skip(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : at
}
