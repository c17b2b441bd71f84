import { parseJson } from '../config/value-kinds.js'

/** A text in JSON, or a comment; and a text, or a comma behind which nothing comes. */
const TEXT_OR_COMMENT = /("(?:[^"\\\n]|\\.)*")|\/\/[^\r\n]*|\/\*[\s\S]*?\*\//g
const TEXT_OR_LAST_COMMA = /("(?:[^"\\\n]|\\.)*")|,(?=\s*[\]}])/g

/** JSON with comments and last commas, as the compiler of TypeScript reads its settings; undefined: it is none. */
export function parseJsonc(written: string): unknown {
  const keepText = (_found: string, text: string | undefined): string => text ?? ''
  const bare = written.replace(/^\uFEFF/, '').replace(TEXT_OR_COMMENT, keepText)
  return parseJson(bare.replace(TEXT_OR_LAST_COMMA, keepText))
}
