import { type BigIntStats, lstatSync, realpathSync, statSync } from 'node:fs'

/** What lies at a path, be it a link; undefined: nothing that can be looked at. */
export function entryAt(path: string): BigIntStats | undefined {
  return found(lstatSync, path)
}

/** The same, behind links. */
export function targetAt(path: string): BigIntStats | undefined {
  return found(statSync, path)
}

/** Where it really lies; undefined: nowhere that can be reached. */
export function realPathAt(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Node is not content with nothing where a folder on the way is a file by now, or a link leads to itself. */
function found(look: typeof lstatSync | typeof statSync, path: string): BigIntStats | undefined {
  try {
    return look(path, { bigint: true })
  } catch {
    return undefined
  }
}
