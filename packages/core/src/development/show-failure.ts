import { existsSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { formatError } from '../cli/format-error.js'
import { findSyntaxError } from '../identifier/find-syntax-error.js'
import { passOnStderr } from '../observe/pass-on-stderr.js'
import { packageFile } from '../package-file.js'
import { codeFrame, findCodePlace, hasCodeFrame } from './code-frame.js'

export interface FailedApp {
  /** What it wrote itself. */
  readonly output?: string
  /** The files that it has loaded. */
  readonly loaded?: readonly string[]
}

/** Writes to stderr why the app does not run, with the lines of the user's that it comes from. */
export function showFailure(error: Error, { output = '', loaded = [] }: FailedApp = {}): void {
  const told = formatError(error, packageFile(''))
  const frame = frameOf(told) ?? frameOf(output) ?? syntaxErrorFrame(`${told}${output}`, loaded)
  passOnStderr(Buffer.from(frame === undefined ? told : `${told}\n${frame}\n`))
}

function frameOf(text: string): string | undefined {
  if (hasCodeFrame(text)) return undefined
  const place = findCodePlace(text, isOwn)
  try {
    return place && codeFrame(readFileSync(place.file, 'utf8'), place)
  } catch {
    return undefined
  }
}

/** A SyntaxError that was caught says neither file nor line where it is an ES module's. */
function syntaxErrorFrame(text: string, loaded: readonly string[]): string | undefined {
  if (!text.includes('SyntaxError') || hasCodeFrame(text)) return undefined
  const found = findSyntaxError(...loaded.filter((file) => /\.m?js$/.test(file)))
  if (found === undefined) return undefined
  const { file, line, excerpt } = found
  const [, caret = ''] = excerpt.split('\n')
  return codeFrame(readFileSync(file, 'utf8'), { file, line, column: caret.indexOf('^') + 1 })
}

function isOwn(file: string): boolean {
  return !file.includes(`${sep}node_modules${sep}`) && !file.startsWith(packageFile('')) && existsSync(file)
}
