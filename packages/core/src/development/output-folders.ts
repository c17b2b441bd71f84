import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseJsonc } from './parse-jsonc.js'

/** Where the compiler of the project in this folder writes to, beside the usual names: paths from the folder on. */
export function outputFolders(root: string): ReadonlySet<string> {
  const settings = parseJsonc(read(join(root, 'tsconfig.json'))) as Settings
  const outDir = settings?.compilerOptions?.outDir
  if (typeof outDir !== 'string') return new Set()
  const folder = relative(root, resolve(root, outDir))
  // Beside its sources there is nothing to be left out, and elsewhere nothing is watched.
  return new Set(folder === '' || folder.startsWith('..') ? [] : [folder])
}

type Settings = { readonly compilerOptions?: { readonly outDir?: unknown } | null } | null | undefined

/** Whoever needs it will say that it cannot be read. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
