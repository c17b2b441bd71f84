import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { entryFile } from '../entry-file.js'
import { createError } from '../errors/service-error.js'

const PACKAGE = '@ekiben/core'

/** A part of ours by its name. By path: each is in a bundle of its own, and no process needs more than one or two. */
export function loadOwn<TModule>(name: string): TModule {
  const file = besideUs(name) ?? installed(name)
  if (file === undefined) throw createError('EKB_ERR_CORE_BUNDLED', { main: process.argv[1] ?? '' })
  return createRequire(file)(file) as TModule
}

function besideUs(name: string): string | undefined {
  // In an ES module that somebody has bundled us into there is no such variable.
  if (typeof __dirname === 'undefined') return undefined
  const file = entryFile(`bootstrap/${name}`)
  return existsSync(file) ? file : undefined
}

/** This is a copy of us in a bundle of the app's: what its workers run first is in the package alone. */
function installed(name: string): string | undefined {
  try {
    const folder = dirname(createRequire(resolve(process.argv[1] ?? '.')).resolve(`${PACKAGE}/package.json`))
    return join(folder, 'dist', 'bootstrap', `${name}.js`)
  } catch {
    return undefined
  }
}
