import { realpathSync } from 'node:fs'
import { isAbsolute } from 'node:path'

/**
 * The current folder as it was written: `$PWD` where it names the same place. `process.cwd()` has its links followed,
 * and one that is moved to another release could not be seen.
 */
export function writtenWorkingDir(): string {
  const cwd = process.cwd()
  const { PWD } = process.env
  return PWD !== undefined && isAbsolute(PWD) && realPath(PWD) === cwd ? PWD : cwd
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
