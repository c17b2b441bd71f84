import { createRequire } from 'node:module'
import { entryFile } from './entry-file.js'

/** A module of ours that is an entry of a bundle, by its path: what needs it now and then does not carry it along. */
export function requireOwn<TModule>(path: string): TModule {
  const file = entryFile(path)
  return createRequire(file)(file) as TModule
}
