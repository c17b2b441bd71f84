import { join } from 'node:path'

/**
 * A file of this package that is no code of ours, by its path below the package's folder. The bundle that takes this
 * file's place lies as deep below that as this does.
 */
export function packageFile(path: string): string {
  return join(__dirname, '..', path)
}
