/** A place in a file, as an error tells of it. */
export interface CodePlace {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1; undefined: only the line is known. */
  readonly column: number | undefined
}

const LINES_AROUND = 2
const MAX_WIDTH = 160

interface Form {
  readonly pattern: RegExp
  /** What its first column is. */
  readonly firstColumn: 0 | 1
}

const FILE = String.raw`(?:file:\/\/)?(\/[^:()\n]+|[A-Za-z]:[\\/][^:()\n]+)`

/** How a line tells of a file and a line: esbuild's, Node's above a SyntaxError, the two of a stack. */
const FORMS: readonly Form[] = [
  { pattern: new RegExp(`^\\s*${FILE}:(\\d+):(\\d+): ERROR: `), firstColumn: 0 },
  { pattern: new RegExp(`^${FILE}:(\\d+)$`), firstColumn: 1 },
  { pattern: new RegExp(`^\\s+at .*\\(${FILE}:(\\d+):(\\d+)\\)$`), firstColumn: 1 },
  { pattern: new RegExp(`^\\s+at (?:async )?${FILE}:(\\d+):(\\d+)$`), firstColumn: 1 },
]

/** The first place of the user's own in the text of an error; undefined: there is none. */
export function findCodePlace(text: string, isOwn: (file: string) => boolean): CodePlace | undefined {
  for (const told of text.split('\n')) {
    for (const { pattern, firstColumn } of FORMS) {
      const [, file, line, column] = pattern.exec(told) ?? []
      if (file === undefined || !isOwn(file)) continue
      return { file, line: Number(line), column: column === undefined ? undefined : Number(column) + 1 - firstColumn }
    }
  }
  return undefined
}

/** Does the text show the place by itself, with a caret below it? */
export function hasCodeFrame(text: string): boolean {
  return /^[\s|]*\^+\s*$/m.test(text)
}

/** The lines around a place, with a caret below it. */
export function codeFrame(source: string, { file, line, column }: CodePlace): string {
  const lines = source.split(/\r?\n/)
  const first = Math.max(1, line - LINES_AROUND)
  const last = Math.min(lines.length, line + LINES_AROUND)
  const width = String(last).length
  const shown: string[] = [`${file}:${line}${column === undefined ? '' : `:${column}`}`]
  for (let at = first; at <= last; at++) {
    const text = (lines[at - 1] ?? '').slice(0, MAX_WIDTH)
    shown.push(`${at === line ? '>' : ' '} ${String(at).padStart(width)} | ${text}`)
    if (at === line) shown.push(`  ${' '.repeat(width)} | ${caretBelow(text, column)}`)
  }
  return shown.join('\n')
}

/** Tabs stay, so that the caret is below its place however wide they are. */
function caretBelow(text: string, column: number | undefined): string {
  const indent = /^\s*/.exec(text)?.[0].length ?? 0
  const before = text.slice(0, column === undefined ? indent : column - 1).replace(/[^\t]/g, ' ')
  return `${before}${column === undefined ? '^'.repeat(Math.max(1, text.trim().length)) : '^'}`
}
