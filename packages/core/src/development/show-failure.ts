import { existsSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { formatError } from '../cli/format-error.js'
import { passOnStderr } from '../observe/pass-on-stderr.js'
import { packageFile } from '../package-file.js'
import { codeFrame, findCodePlace, hasCodeFrame } from './code-frame.js'

/** Writes to stderr why the app does not run, with the lines of the user's that it comes from; `output`: what it wrote itself. */
export function showFailure(error: Error, output: string): void {
  const told = formatError(error, packageFile(''))
  const frame = frameOf(told) ?? frameOf(output)
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

function isOwn(file: string): boolean {
  return !file.includes(`${sep}node_modules${sep}`) && !file.startsWith(packageFile('')) && existsSync(file)
}
