import { spawnSync } from 'node:child_process'
import { entryFile } from '../entry-file.js'
import { parseLocation, type SourceLocation } from './failure-reason.js'

const TIMEOUT_MS = 10_000

/**
 * Where the first of these ES modules, or of those they import, is broken. A SyntaxError of an ES module that is caught says neither file nor
 * line on any Node (that of a CommonJS module does), so a short process parses the files anew.
 */
export function findSyntaxError(...files: readonly string[]): SourceLocation | undefined {
  const entry = entryFile('identifier/syntax-error-entry')
  const { stderr } = spawnSync(process.execPath, ['--no-warnings', '--experimental-vm-modules', entry, ...files], {
    // Neither the user's preloads nor a worker's token belong there.
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
  })
  return parseLocation(stderr)
}
