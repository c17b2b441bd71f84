import { extname, join } from 'node:path'

/**
 * The file that a process or thread of ours runs first, by its path below this folder. The bundle that takes this
 * file's place lies at the top too, with the entries in the same folders below it.
 */
export function entryFile(path: string): string {
  return join(__dirname, `${path}${extname(__filename)}`)
}
